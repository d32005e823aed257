/* app/tree.h: directories that go away with all that is in them. */
#pragma once

/* What cannot be removed stays; links are removed, not followed. */
void tree_remove(const char *path);
