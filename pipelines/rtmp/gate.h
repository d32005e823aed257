/* rtmp/gate.h: the job that is the door for RTMP. Whoever publishes under a key is handed, as FLV,
 * to the ingest that listens at DIR/KEY.sock; where none listens, nobody may publish. The gate
 * decodes nothing. */
#pragma once

int gate_main(int argc, char **argv);
