/* make_track: writes the tracks of one publisher as the recorder would have: with a clock of its
 * own, a network that jitters and loses, and capture times as the server tells them (arrival until
 * the first sender report, then by capture_clock).
 *
 *   make_track --dir D --source N --start US --seconds S [--epoch E] [--boot HEX8] [--drift PPM]
 *     [--jitter MS] [--loss PERCENT] [--seed N] [--clock-offset US]
 *     [--tone HZ] [--level 0..1] [--beep]    sound: a tone, or one of 100 ms at each whole second
 *     [--speech FILE.s16] [--phase S]        sound: samples (16 bits, mono, 48 kHz) again and
 * again, encoded once as a browser does; where in them it starts
 *     [--video FILE.ivf|FILE.h264] [--fps N] picture: the clip again and again
 *
 * Times are of the real clock, µs; the clip's first frame is at --start. An H.264 clip needs access
 * unit delimiters. */
#include "presentation/packetiser.h"
#include "replay/track_file.h"
#include "routing/capture_clock.h"

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NTP_ZERO 3900000000.0 /* seconds: where the publishers' clocks stand at real time 0 */
#define DELAY 0.010           /* of the network, s */
#define REPORT_EVERY 1.0
#define FRAMES_MAX 4096

static struct {
    const char *dir, *boot, *video, *speech;
    uint64_t source;
    double start, seconds, drift, jitter, loss, level, tone, fps, clock_offset, phase;
    unsigned epoch;
    bool beep;
} o = {.boot = "00000000", .fps = 25, .level = 0.25, .epoch = 1};

struct stream {
    FILE *out;
    struct track_format format;
    uint32_t ssrc;
    uint16_t sequence;
    bool anchored, reported;
    double anchor; /* local s */
    uint32_t anchor_timestamp, report_timestamp;
    uint64_t report_ntp;
    double arrival; /* of the packet before: order is kept */
    uint32_t timestamp_base;
};

static struct capture_clock clock_of_source;
static uint64_t state;

static double chance(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* What the publisher's clock shows at a real time, s since its zero. */
static double publisher_time(double real) {
    return (real - o.start) * (1 + o.drift * 1e-6);
}

static uint64_t publisher_ntp(double real) {
    double t = NTP_ZERO + o.clock_offset + publisher_time(real);
    uint64_t whole = (uint64_t)t;
    return whole << 32 | (uint64_t)((t - (double)whole) * 4294967295.0);
}

static void open_stream(struct stream *s, enum media_kind kind, enum media_codec codec) {
    char path[4096];
    uint8_t header[TRACK_HEADER_SIZE];
    *s = (struct stream){.format = {.kind = kind,
                                    .codec = codec,
                                    .clock_rate = media_codec_clock(codec),
                                    .epoch = o.epoch,
                                    .source = o.source,
                                    .first_arrival = (int64_t)(o.start * 1e6)},
                         .ssrc = (uint32_t)(o.source * 2 + kind),
                         .sequence = (uint16_t)(chance() * 65535),
                         .timestamp_base = (uint32_t)(chance() * 4294967295.0)};
    snprintf(path, sizeof(path), "%s/%016" PRIx64 "-%s-%u-%s0000000000000000.track", o.dir,
             o.source, kind == MEDIA_VIDEO ? "video" : "audio", o.epoch, o.boot);
    s->out = fopen(path, "wbe");
    if (!s->out) {
        perror(path);
        exit(1);
    }
    track_header_write(header, &s->format);
    fwrite(header, 1, sizeof(header), s->out);
}

static double capture_time(const struct stream *s, uint32_t timestamp) {
    if (!s->reported) {
        return s->anchor +
               (int32_t)(timestamp - s->anchor_timestamp) / (double)s->format.clock_rate;
    }
    return (double)capture_clock_local(&clock_of_source, s->report_ntp) / 1e6 +
           (int32_t)(timestamp - s->report_timestamp) / (double)s->format.clock_rate;
}

/* One packet that was captured at publisher time `at` and sent at real time `sent`. */
static void send_packet(struct stream *s, struct bytes payload, uint32_t timestamp, bool marker,
                        bool key, double sent) {
    uint8_t rtp[TRACK_PACKET_MAX], entry[TRACK_ENTRY_MAX];
    double arrival = sent + DELAY + chance() * o.jitter;
    bool lost = chance() * 100 < o.loss;
    arrival = arrival > s->arrival ? arrival : s->arrival;
    s->arrival = arrival;
    uint16_t sequence = s->sequence++;
    if (lost) {
        return;
    }
    if (!s->anchored) {
        s->anchored = true;
        s->anchor = arrival;
        s->anchor_timestamp = timestamp;
    }
    rtp[0] = 0x80;
    rtp[1] = (uint8_t)((marker ? 0x80 : 0) | (s->format.kind == MEDIA_VIDEO ? 96 : 111));
    write_be16(rtp + 2, sequence);
    write_be32(rtp + 4, timestamp);
    write_be32(rtp + 8, s->ssrc);
    memcpy(rtp + 12, payload.p, payload.n);
    struct track_packet packet = {.capture = llround(capture_time(s, timestamp) * 1e6),
                                  .arrival = llround(arrival * 1e6),
                                  .flags = (key ? TRACK_FLAG_KEY : 0u) |
                                           (marker ? TRACK_FLAG_LAST : 0u) |
                                           (s->reported ? TRACK_FLAG_EXACT : 0u),
                                  .rtp = bytes_of(rtp, 12 + payload.n)};
    int n = track_entry_write((struct room){entry, sizeof(entry)}, &packet);
    fwrite(entry, 1, (size_t)n, s->out);
}

static uint32_t timestamp_at(const struct stream *s, double real) {
    return s->timestamp_base +
           (uint32_t)(int64_t)llround(publisher_time(real) * s->format.clock_rate);
}

static void report(struct stream *s, double real) {
    double arrival = real + DELAY + chance() * o.jitter;
    capture_clock_report(&clock_of_source, publisher_ntp(real), (usec_t)(arrival * 1e6));
    s->reported = true;
    s->report_ntp = publisher_ntp(real);
    s->report_timestamp = timestamp_at(s, real);
}

static void make_sound(struct stream *s, uint64_t index, OpusEncoder *encoder) {
    float samples[960];
    uint8_t packet[1275];
    double rate = 48000 * (1 + o.drift * 1e-6);
    for (unsigned i = 0; i < 960; i++) {
        double real = o.start + (double)(index * 960 + i) / rate;
        bool on = !o.beep || real - floor(real) < 0.1;
        samples[i] = on ? (float)(o.level * sin(2 * M_PI * o.tone * (real - o.start))) : 0;
    }
    int n = opus_encode_float(encoder, samples, 960, packet, sizeof(packet));
    double real = o.start + (double)(index * 960) / rate;
    send_packet(s, bytes_of(packet, (size_t)n), s->timestamp_base + (uint32_t)(index * 960), true,
                true, real + 960 / rate);
}

static struct bytes read_file(const char *path) {
    FILE *f = fopen(path, "rbe");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)ftell(f);
    uint8_t *p = malloc(size);
    rewind(f);
    struct bytes ret = bytes_of(p, p ? fread(p, 1, size, f) : 0);
    fclose(f);
    return ret;
}

static struct {
    uint8_t (*packets)[1275];
    uint16_t *sizes;
    size_t count;
} speech;

/* What a browser sends for a microphone: 32 kbit/s, speech, repair of the packet before. */
static void load_speech(OpusEncoder *encoder) {
    struct bytes all = read_file(o.speech);
    speech.count = all.n / 1920;
    speech.packets = calloc(speech.count + 1, sizeof(*speech.packets));
    speech.sizes = calloc(speech.count + 1, sizeof(*speech.sizes));
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1));
    for (size_t i = 0; i < speech.count && speech.packets && speech.sizes; i++) {
        opus_int16 samples[960];
        memcpy(samples, all.p + i * sizeof(samples), sizeof(samples));
        int n = opus_encode(encoder, samples, 960, speech.packets[i], sizeof(*speech.packets));
        speech.sizes[i] = (uint16_t)(n > 0 ? n : 0);
    }
    free((void *)(uintptr_t)all.p);
    if (speech.count == 0 || !speech.packets || !speech.sizes) {
        fprintf(stderr, "make_track: %s holds no sound\n", o.speech);
        exit(1);
    }
}

static void make_speech(struct stream *s, uint64_t index) {
    size_t i = (size_t)((index + (uint64_t)(o.phase * 50)) % speech.count);
    double real = o.start + (double)(index * 960) / (48000 * (1 + o.drift * 1e-6));
    send_packet(s, bytes_of(speech.packets[i], speech.sizes[i]),
                s->timestamp_base + (uint32_t)(index * 960), true, true, real + 0.02);
}

static struct bytes file;
static struct bytes frames[FRAMES_MAX];
static size_t frame_count;

static void split_ivf(void) {
    for (struct bytes rest = bytes_from(file, 32); rest.n > 12 && frame_count < FRAMES_MAX;) {
        size_t n = (size_t)(rest.p[0] | rest.p[1] << 8 | rest.p[2] << 16);
        frames[frame_count++] = bytes_of(rest.p + 12, n);
        rest = bytes_from(rest, 12 + n);
    }
}

static void split_h264(void) {
    size_t start = 0;
    for (size_t i = 0; i + 5 < file.n && frame_count < FRAMES_MAX; i++) {
        if (memcmp(file.p + i, "\0\0\0\1\11", 5) == 0) { /* access unit delimiter */
            if (i > start) {
                frames[frame_count++] = bytes_of(file.p + start, i - start);
            }
            start = i;
        }
    }
    frames[frame_count++] = bytes_of(file.p + start, file.n - start);
}

static void load_video(void) {
    file = read_file(o.video);
    if (strstr(o.video, ".ivf")) {
        split_ivf();
    } else {
        split_h264();
    }
}

static void make_picture(struct stream *s, uint64_t index, struct packetiser *cut) {
    double real = o.start + (double)index / o.fps;
    if (packetiser_frame(cut, frames[index % frame_count]) < 0) {
        fprintf(stderr, "make_track: frame %zu is no frame\n", (size_t)(index % frame_count));
        exit(1);
    }
    for (size_t i = 0; i < packetiser_count(cut); i++) {
        send_packet(s, packetiser_payload(cut, i), timestamp_at(s, real),
                    i + 1 == packetiser_count(cut), i == 0 && packetiser_is_key(cut),
                    real + 0.02 + 0.0001 * (double)i);
    }
}

static void run(void) {
    struct stream audio, video;
    struct packetiser cut;
    int error;
    OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(32000));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(0));
    bool has_video = o.video != NULL, has_audio = o.tone > 0 || o.speech;
    if (o.speech) {
        load_speech(encoder);
    }
    if (has_video) {
        load_video();
        bool vp8 = strstr(o.video, ".ivf") != NULL;
        packetiser_init(&cut, vp8 ? CODEC_VP8 : CODEC_H264, 77);
        open_stream(&video, MEDIA_VIDEO, vp8 ? CODEC_VP8 : CODEC_H264);
    }
    if (has_audio) {
        open_stream(&audio, MEDIA_AUDIO, CODEC_OPUS);
    }
    uint64_t sound = 0, picture = 0;
    double next_report = o.start + 0.3;
    for (double now = o.start; now < o.start + o.seconds; now += 0.005) {
        for (; has_audio && o.start + (double)sound * 0.02 / (1 + o.drift * 1e-6) <= now; sound++) {
            if (o.speech) {
                make_speech(&audio, sound);
            } else {
                make_sound(&audio, sound, encoder);
            }
        }
        for (; has_video && o.start + (double)picture / o.fps <= now; picture++) {
            make_picture(&video, picture, &cut);
        }
        if (now >= next_report) {
            next_report += REPORT_EVERY;
            if (has_audio) {
                report(&audio, now);
            }
            if (has_video) {
                report(&video, now + 0.003);
            }
        }
    }
    if (has_video) {
        fclose(video.out);
        packetiser_clear(&cut);
    }
    if (has_audio) {
        fclose(audio.out);
    }
    opus_encoder_destroy(encoder);
    free(speech.packets);
    free(speech.sizes);
    free((void *)(uintptr_t)file.p);
}

int main(int argc, char **argv) {
    static const struct option table[] = {
        {"dir", required_argument, NULL, 'd'},
        {"source", required_argument, NULL, 's'},
        {"start", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 'l'},
        {"epoch", required_argument, NULL, 'e'},
        {"boot", required_argument, NULL, 'b'},
        {"drift", required_argument, NULL, 'p'},
        {"jitter", required_argument, NULL, 'j'},
        {"loss", required_argument, NULL, 'x'},
        {"seed", required_argument, NULL, 'r'},
        {"tone", required_argument, NULL, 'f'},
        {"level", required_argument, NULL, 'a'},
        {"beep", no_argument, NULL, 'B'},
        {"video", required_argument, NULL, 'v'},
        {"fps", required_argument, NULL, 'F'},
        {"clock-offset", required_argument, NULL, 'c'},
        {"speech", required_argument, NULL, 'S'},
        {"phase", required_argument, NULL, 'P'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        double number = optarg ? strtod(optarg, NULL) : 0;
        switch (c) {
        case 'd':
            o.dir = optarg;
            break;
        case 's':
            o.source = strtoull(optarg, NULL, 10);
            break;
        case 't':
            o.start = number / 1e6;
            break;
        case 'l':
            o.seconds = number;
            break;
        case 'e':
            o.epoch = (unsigned)number;
            break;
        case 'b':
            o.boot = optarg;
            break;
        case 'p':
            o.drift = number;
            break;
        case 'j':
            o.jitter = number / 1e3;
            break;
        case 'x':
            o.loss = number;
            break;
        case 'r':
            state = (uint64_t)number;
            break;
        case 'f':
            o.tone = number;
            break;
        case 'a':
            o.level = number;
            break;
        case 'B':
            o.beep = true;
            break;
        case 'v':
            o.video = optarg;
            break;
        case 'F':
            o.fps = number;
            break;
        case 'S':
            o.speech = optarg;
            break;
        case 'P':
            o.phase = number;
            break;
        case 'c':
            o.clock_offset = number / 1e6;
            break;
        default:
            return 2;
        }
    }
    if (!o.dir || o.source == 0 || o.seconds <= 0) {
        return 2;
    }
    state += o.source * 977;
    capture_clock_init(&clock_of_source);
    run();
    return 0;
}
