/* key/flatten_element.h: the GStreamer element `parlourflatten`: stacked I420 pictures to the
 * person before a calm ground. Where the parts are follows from the height (key_layout.h). */
#pragma once
#include <stdbool.h>

/* Makes the element known to this process. False when GStreamer does not want it. */
bool flatten_element_register(void);
