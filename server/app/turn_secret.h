/* app/turn_secret.h: the secret that we share with the TURN server. Never in the configuration file
 * or on the command line, where others read it; never in a log. */
#pragma once
#include "app/config.h"

#define TURN_SECRET_MAX 256
#define TURN_SECRET_LEAST 16 /* characters */

/* From the file of `turn_secret_file`, else from PARLOUR_TURN_SECRET, without blanks around it; ""
 * when there are no turn_urls. 0 or −errno with a sentence that names the remedy. */
int turn_secret_read(const struct config *c, char ret_secret[static TURN_SECRET_MAX],
                     char ret_reason[static CONFIG_REASON_MAX]);
