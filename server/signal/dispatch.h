/* signal/dispatch.h: from a request to its handler: route, size and type of the body, who asks, may
 * they. What fails is answered here, so handlers start with a clean request. */
#pragma once

struct exchange;

/* After the headers: refuses, or answers OPTIONS, or lets the body come. */
void dispatch_head(struct exchange *x);

/* After the body. */
void dispatch_body(struct exchange *x);

#define SESSION_COOKIE "parlour_session"
