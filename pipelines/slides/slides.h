/* slides/slides.h: the job slides: a PDF becomes page images, their text and an index. */
#pragma once

/* parlour-pipeline slides IN.pdf --out DIR [--title T]. The exit status. */
int slides_main(int argc, char **argv);
