/* The whole table. Read with api.md; described to tools in openapi.yaml. */
#include "signal/routes.h"
#include "signal/api.h"
#include "signal/sessions.h"

#define JSON "application/json"
#define SDP "application/sdp"
#define SDPFRAG "application/trickle-ice-sdpfrag"
#define V ROUTE_VISIT
#define I ROUTE_INVITE

const struct route routes[] = {
    /* WHIP and WHEP */
    {METHOD_POST, "/whip/{visit}", whip_post, ROUTE_CORS | ROUTE_ACCESS, -1, SDP},
    {METHOD_PATCH, "/whip/{visit}/{session}", sessions_patch, ROUTE_CORS, -1, SDPFRAG},
    {METHOD_DELETE, "/whip/{visit}/{session}", sessions_delete, ROUTE_CORS, -1, NULL},
    {METHOD_GET, "/whip/{visit}/{session}", sessions_get, ROUTE_CORS, -1, NULL},
    {METHOD_PUT, "/whip/{visit}/{session}/matte", whip_matte, ROUTE_CORS, -1, JSON},
    {METHOD_POST, "/whep/w/{slug}", whep_walkthrough_post, ROUTE_CORS | ROUTE_ACCESS, -1, SDP},
    {METHOD_PATCH, "/whep/w/{slug}/{session}", sessions_patch, ROUTE_CORS, -1, SDPFRAG},
    {METHOD_DELETE, "/whep/w/{slug}/{session}", sessions_delete, ROUTE_CORS, -1, NULL},
    {METHOD_GET, "/whep/w/{slug}/{session}", sessions_get, ROUTE_CORS, -1, NULL},
    {METHOD_POST, "/whep/w/{slug}/{session}/control", sessions_control, ROUTE_CORS, -1, JSON},
    {METHOD_GET, "/whep/w/{slug}/{session}/events", sessions_events, ROUTE_CORS, -1, NULL},
    {METHOD_POST, "/whep/{visit}", whep_post, ROUTE_CORS | ROUTE_ACCESS, -1, SDP},
    {METHOD_PATCH, "/whep/{visit}/{session}", sessions_patch, ROUTE_CORS, -1, SDPFRAG},
    {METHOD_DELETE, "/whep/{visit}/{session}", sessions_delete, ROUTE_CORS, -1, NULL},
    {METHOD_GET, "/whep/{visit}/{session}", sessions_get, ROUTE_CORS, -1, NULL},
    {METHOD_POST, "/whep/{visit}/{session}/control", sessions_control, ROUTE_CORS, -1, JSON},
    {METHOD_GET, "/whep/{visit}/{session}/events", sessions_events, ROUTE_CORS, -1, NULL},

    /* staff */
    {METHOD_POST, "/api/v1/login", api_login, 0, -1, JSON},
    {METHOD_POST, "/api/v1/logout", api_logout, ROUTE_ACCESS, -1, NULL},
    {METHOD_GET, "/api/v1/me", api_me, ROUTE_ACCESS, -1, NULL},

    {METHOD_GET, "/api/v1/products", api_products_list, ROUTE_ACCESS, PERMISSION_PRODUCTS_READ,
     NULL},
    {METHOD_POST, "/api/v1/products", api_products_create, ROUTE_ACCESS, PERMISSION_PRODUCTS_WRITE,
     JSON},
    {METHOD_GET, "/api/v1/products/{id}", api_product_get, ROUTE_ACCESS, PERMISSION_PRODUCTS_READ,
     NULL},
    {METHOD_PATCH, "/api/v1/products/{id}", api_product_change, ROUTE_ACCESS,
     PERMISSION_PRODUCTS_WRITE, JSON},
    {METHOD_DELETE, "/api/v1/products/{id}", api_product_delete, ROUTE_ACCESS,
     PERMISSION_PRODUCTS_WRITE, NULL},

    {METHOD_GET, "/api/v1/visits", api_visits_list, ROUTE_ACCESS, PERMISSION_VISITS_LIST, NULL},
    {METHOD_POST, "/api/v1/visits", api_visits_create, ROUTE_ACCESS, PERMISSION_VISITS_CREATE,
     JSON},
    {METHOD_GET, "/api/v1/visits/{id}", api_visit_get, ROUTE_ACCESS | V, PERMISSION_VISIT_READ,
     NULL},
    {METHOD_PATCH, "/api/v1/visits/{id}", api_visit_change, ROUTE_ACCESS | V,
     PERMISSION_VISIT_CHANGE, JSON},
    {METHOD_DELETE, "/api/v1/visits/{id}", api_visit_delete, ROUTE_ACCESS | V,
     PERMISSION_VISIT_CHANGE, NULL},
    {METHOD_POST, "/api/v1/visits/{id}/start", api_visit_start, ROUTE_ACCESS | V,
     PERMISSION_VISIT_RUN, NULL},
    {METHOD_POST, "/api/v1/visits/{id}/end", api_visit_end, ROUTE_ACCESS | V, PERMISSION_VISIT_RUN,
     NULL},
    {METHOD_GET, "/api/v1/visits/{id}/replay", api_visit_replay, ROUTE_ACCESS | V,
     PERMISSION_VISIT_REPLAY, NULL},
    {METHOD_POST, "/api/v1/visits/{id}/recording-consent", api_recording_consent, ROUTE_ACCESS | V,
     PERMISSION_RECORDING_CONSENT, JSON},
    {METHOD_POST, "/api/v1/visits/{id}/feeds", api_feeds_create, ROUTE_ACCESS | V,
     PERMISSION_VISIT_RUN, JSON},
    {METHOD_DELETE, "/api/v1/visits/{id}/feeds/{feed}", api_feed_delete, ROUTE_ACCESS | V,
     PERMISSION_VISIT_RUN, NULL},

    {METHOD_GET, "/api/v1/visits/{id}/invites", api_invites_list, ROUTE_ACCESS | V,
     PERMISSION_INVITES, NULL},
    {METHOD_POST, "/api/v1/visits/{id}/invites", api_invites_create,
     ROUTE_ACCESS | ROUTE_EMPTY_OK | V, PERMISSION_INVITES, JSON},
    {METHOD_DELETE, "/api/v1/visits/{id}/invites/{invite}", api_invite_delete, ROUTE_ACCESS | V,
     PERMISSION_INVITES, NULL},
    {METHOD_GET, "/api/v1/visits/{id}/invite.ics", api_invite_calendar, 0, -1, NULL},
    {METHOD_GET, "/api/v1/visits/{id}/qr.svg", api_invite_qr, 0, -1, NULL},

    {METHOD_GET, "/api/v1/walkthroughs", api_walkthroughs_list, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_READ, NULL},
    {METHOD_POST, "/api/v1/walkthroughs", api_walkthroughs_create, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, JSON},
    {METHOD_GET, "/api/v1/walkthroughs/{id}", api_walkthrough_get, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_READ, NULL},
    {METHOD_PATCH, "/api/v1/walkthroughs/{id}", api_walkthrough_change, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, JSON},
    {METHOD_DELETE, "/api/v1/walkthroughs/{id}", api_walkthrough_delete, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},

    {METHOD_POST, "/api/v1/walkthroughs/{id}/cancel", api_walkthrough_cancel, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},
    {METHOD_POST, "/api/v1/walkthroughs/{id}/retry", api_walkthrough_retry, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},

    {METHOD_PUT, "/api/v1/walkthroughs/{id}/captions/{lang}", api_captions_put,
     ROUTE_ACCESS | ROUTE_LARGE, PERMISSION_WALKTHROUGHS_WRITE, "text/vtt"},
    {METHOD_DELETE, "/api/v1/walkthroughs/{id}/captions/{lang}", api_captions_delete, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},

    {METHOD_GET, "/api/v1/sources", api_sources_list, ROUTE_ACCESS, PERMISSION_SOURCES_READ, NULL},
    {METHOD_POST, "/api/v1/sources", api_sources_create, ROUTE_ACCESS, PERMISSION_SOURCES_WRITE,
     JSON},
    {METHOD_GET, "/api/v1/sources/{id}", api_source_get, ROUTE_ACCESS, PERMISSION_SOURCES_READ,
     NULL},
    {METHOD_PATCH, "/api/v1/sources/{id}", api_source_change, ROUTE_ACCESS,
     PERMISSION_SOURCES_WRITE, JSON},
    {METHOD_DELETE, "/api/v1/sources/{id}", api_source_delete, ROUTE_ACCESS,
     PERMISSION_SOURCES_WRITE, NULL},

    {METHOD_GET, "/api/v1/slides", api_slides_list, ROUTE_ACCESS, PERMISSION_WALKTHROUGHS_READ,
     NULL},
    {METHOD_POST, "/api/v1/slides", api_slides_create, ROUTE_ACCESS, PERMISSION_WALKTHROUGHS_WRITE,
     JSON},
    {METHOD_GET, "/api/v1/slides/{id}", api_slides_get, ROUTE_ACCESS, PERMISSION_WALKTHROUGHS_READ,
     NULL},
    {METHOD_DELETE, "/api/v1/slides/{id}", api_slides_delete, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},
    {METHOD_GET, "/slides/{id}/{file}", api_slides_file, ROUTE_ACCESS, PERMISSION_WALKTHROUGHS_READ,
     NULL},

    {METHOD_POST, "/api/v1/uploads", api_uploads_create, ROUTE_ACCESS,
     PERMISSION_WALKTHROUGHS_WRITE, NULL},
    {METHOD_OPTIONS, "/api/v1/uploads", api_uploads_options, 0, -1, NULL},
    {METHOD_HEAD, "/api/v1/uploads/{id}", api_upload_head, 0, -1, NULL},
    {METHOD_PATCH, "/api/v1/uploads/{id}", api_upload_patch, ROUTE_STREAM, -1, NULL},
    {METHOD_DELETE, "/api/v1/uploads/{id}", api_upload_delete, 0, -1, NULL},

    /* operation */
    {METHOD_GET, "/healthz", api_healthz, 0, -1, NULL},
    {METHOD_GET, "/readyz", api_readyz, 0, -1, NULL},
    {METHOD_GET, "/metrics", api_metrics, 0, -1, NULL},

    /* pages */
    {METHOD_GET, "/", page_console, ROUTE_ACCESS, -1, NULL},
    {METHOD_GET, "/signin/{code}", page_signin, 0, -1, NULL},
    {METHOD_GET, "/v/{token}", page_visit, 0, -1, NULL},
    {METHOD_GET, "/w/{slug}", page_walkthrough, ROUTE_ACCESS | I, -1, NULL},
    {METHOD_GET, "/w/{slug}/embed", page_embed, ROUTE_ACCESS | I, -1, NULL},
    {METHOD_GET, "/w/{slug}/poster.jpg", film_poster, ROUTE_ACCESS | ROUTE_CORS | I, -1, NULL},
    {METHOD_GET, "/w/{slug}/captions/{lang}.vtt", film_captions, ROUTE_ACCESS | ROUTE_CORS | I, -1,
     NULL},
    {METHOD_GET, "/w/{slug}/files/{file}", film_file, ROUTE_ACCESS | ROUTE_CORS | I, -1, NULL},
    {METHOD_GET, "/w/{slug}/files/{version}/{file}", film_file_version,
     ROUTE_ACCESS | ROUTE_CORS | I, -1, NULL},
    {METHOD_GET, "/assets/{*}", page_asset, ROUTE_CORS, -1, NULL},
    {METHOD_GET, "/{file}", page_root_file, 0, -1, NULL},
    {0},
};
