#include "store/migrations.h"

const char *const migrations[] = {
    /* 1: staff, products, visits, invites, walkthroughs. Times are Unix seconds; tokens and codes
     * are kept as BLAKE2b digests in hex; only stream keys are readable, since the console shows
     * them. */
    "CREATE TABLE users("
    "  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,"
    "  password TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE sessions("
    "  digest TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,"
    "  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sign_in_codes("
    "  digest TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,"
    "  expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE api_tokens("
    "  id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, role TEXT NOT NULL, name TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE login_failures("
    "  key TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE products("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, summary TEXT NOT "
    "NULL,"
    "  width REAL NOT NULL, height REAL NOT NULL, depth REAL NOT NULL, model TEXT NOT NULL,"
    "  details TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE visits("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, state INTEGER NOT "
    "NULL,"
    "  recording INTEGER NOT NULL, starts_at INTEGER NOT NULL, tz TEXT NOT NULL,"
    "  host TEXT REFERENCES users(id) ON DELETE SET NULL, stream_key TEXT NOT NULL UNIQUE,"
    "  created_at INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE visit_products("
    "  visit TEXT NOT NULL REFERENCES visits(id) ON DELETE CASCADE, position INTEGER NOT NULL,"
    "  product TEXT NOT NULL REFERENCES products(id) ON DELETE CASCADE,"
    "  PRIMARY KEY(visit, position)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX visit_products_by_product ON visit_products(product);"
    "CREATE TABLE invites("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    "  visit TEXT NOT NULL REFERENCES visits(id) ON DELETE CASCADE, digest TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    "  opened_at INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;"
    "CREATE INDEX invites_by_visit ON invites(visit);"
    "CREATE TABLE walkthroughs("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE,"
    "  title TEXT NOT NULL, state INTEGER NOT NULL, progress REAL NOT NULL, error TEXT NOT NULL,"
    "  duration REAL NOT NULL, published INTEGER NOT NULL,"
    "  product TEXT REFERENCES products(id) ON DELETE SET NULL, source TEXT NOT NULL,"
    "  directory TEXT NOT NULL, details TEXT NOT NULL, created_at INTEGER NOT NULL,"
    "  updated_at INTEGER NOT NULL) STRICT;",

    /* 2: replays, green screens, cancel and retry; live sources; slides. Version 1 put the old
     * source back when a new film failed, and did not keep it while the new one was compiled. */
    "ALTER TABLE walkthroughs ADD COLUMN visit TEXT REFERENCES visits(id) ON DELETE SET NULL;"
    "ALTER TABLE walkthroughs ADD COLUMN reason TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE walkthroughs ADD COLUMN key TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE walkthroughs ADD COLUMN film TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE walkthroughs ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;"
    "UPDATE walkthroughs SET queued = number,"
    "  film = iif(directory <> '' AND state <> 0, source, '');"
    "CREATE UNIQUE INDEX walkthroughs_by_visit ON walkthroughs(visit) WHERE visit IS NOT NULL;"
    "CREATE TABLE sources("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind INTEGER NOT "
    "NULL,"
    "  url TEXT NOT NULL, passphrase TEXT NOT NULL, key TEXT NOT NULL, walkthroughs TEXT NOT NULL,"
    "  stream_key TEXT NOT NULL UNIQUE, port INTEGER UNIQUE, created_at INTEGER NOT NULL,"
    "  updated_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE slides("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, state INTEGER NOT "
    "NULL,"
    "  error TEXT NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL, directory TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;",

    /* 3: products with models. Before, a model was any text and nobody showed it. */
    "ALTER TABLE products ADD COLUMN extent_width REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE products ADD COLUMN extent_height REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE products ADD COLUMN extent_depth REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE products ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
    "UPDATE products SET model = '';",

    /* 4: questions at a second of a walkthrough. Of the asker's token only the digest is kept. */
    "CREATE TABLE film_questions("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    "  walkthrough TEXT NOT NULL REFERENCES walkthroughs(id) ON DELETE CASCADE, t REAL NOT NULL,"
    "  text TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,"
    "  words TEXT NOT NULL DEFAULT '',"
    "  clip TEXT REFERENCES walkthroughs(id) ON DELETE SET NULL,"
    "  parked INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,"
    "  answered_at INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX film_questions_by_walkthrough ON film_questions(walkthrough);"
    "CREATE INDEX film_questions_by_clip ON film_questions(clip) WHERE clip IS NOT NULL;"};

const size_t migration_count = sizeof(migrations) / sizeof(*migrations);
