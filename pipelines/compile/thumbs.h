/* compile/thumbs.h: the job thumbs: poster and storyboard of any video file. */
#pragma once

/* parlour-pipeline thumbs IN --out DIR. The exit status. */
int thumbs_main(int argc, char **argv);
