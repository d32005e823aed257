/* app/turn_probe.h: does a TURN server answer at its URL? For parlour doctor. */
#pragma once

/* Looks the host up and asks it by UDP (a STUN Binding request), or connects by TCP. 0; -ENOENT:
 * there is no such host; -ETIMEDOUT: no answer within some seconds; -ECONNREFUSED and others of
 * connect(2). `ret_transport` "UDP", "TCP" or "TLS". */
int turn_probe(const char *url, const char **ret_transport);
