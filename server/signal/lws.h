/* signal/lws.h: the one door to libwebsockets. Included by server.c, http.c and websocket.c. */
#pragma once
#include <libwebsockets.h> // IWYU pragma: export
