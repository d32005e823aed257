#include "signal/problem.h"
#include "wire/json.h"

#include <stdio.h>

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {460, "Checksum Mismatch"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

const char *http_status_text(int status) {
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].status == status) {
            return statuses[i].text;
        }
    }
    return "Error";
}

char *problem_text(int status, const char *word, const char *detail, const char *field) {
    char type[128];
    struct json *o = json_new_object();

    snprintf(type, sizeof type, PROBLEM_PREFIX "%s", word);
    json_put_text(o, "type", type);
    json_put_text(o, "title", http_status_text(status));
    json_put_int(o, "status", status);
    json_put_text(o, "detail", detail);
    if (field != NULL) {
        json_put_text(o, "field", field);
    }
    char *text = json_write_text(o, false, NULL);
    json_free(o);
    return text;
}
