/* signal/product_files.h: the files of a product, DATA/products/ID: its model (model-VERSION.glb),
 * its images (image-VERSION.jpg …), and what is made of them for Quick Look (ar-….usdz). Names are
 * never used twice, so what an address leads to never changes. */
#pragma once
#include "store/rows.h"

struct signal;

#define PRODUCT_FILE_MAX 64
#define PRODUCT_PATH_MAX 700
#define PRODUCT_IMAGES_MAX 12

/* DATA/products/ID/NAME. False: one of them is no name. */
bool product_path(const struct signal *s, const char *id, const char *name,
                  char ret[static PRODUCT_PATH_MAX]);

/* Is this the name of a model or an image? */
bool product_file_is_served(const char *name);

/* The upload `source` becomes a file of the product: KIND-VERSION.ENDING. 0 or −errno; the upload
 * is gone then or still there. */
int product_file_take(struct signal *s, const char *id, const char *source, const char *kind,
                      const char *ending, char ret_name[static PRODUCT_FILE_MAX]);
void product_file_remove(const struct signal *s, const char *id, const char *name);

/* The name of the package for Quick Look; "" when neither a model nor a size is known. */
void product_ar_name(const struct product_row *p, char ret[static PRODUCT_FILE_MAX]);

/* Removes what the row does not name and nobody is about to name. */
void product_tidy(const struct signal *s, const struct product_row *p);
