/* A database in a directory of its own, for each test. */
#pragma once
#include "store/database.h"

struct store_test {
    char dir[64];
    struct database *db;
};

int store_test_setup(void **state); /* limits: see store_test.c */
int store_test_teardown(void **state);
void store_test_remove(const char *dir);
