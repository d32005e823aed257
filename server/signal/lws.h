/* signal/lws.h: the one door to libwebsockets. Included by server.c, websocket.c and the http
 * files. */
#pragma once
#include <libwebsockets.h> // IWYU pragma: export
