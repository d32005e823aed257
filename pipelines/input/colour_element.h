/* input/colour_element.h: the GStreamer element `parlourcolour`: I420 of 8, 10 or 12 bits in any
 * colour space to I420 in BT.601, by colour.h. What its input is coded in it reads from the caps.
 */
#pragma once
#include <stdbool.h>

/* Makes the element known to this process. False when GStreamer does not want it. */
bool colour_element_register(void);
