/* SPDX-License-Identifier: Apache-2.0 */
/* Event messages in protocol-buffer encoding, framed as TFRecords. */
#include "train/event_file.h"

#include <assert.h>
#include <string.h>

/* ---- Protocol buffers ---- */

/* Has room for the largest message: its scalars with a few bytes around each. */
typedef struct message {
    unsigned char bytes[32 + EVENT_SCALARS_MAX * (EVENT_TAG_MAX + 16)];
    size_t size;
} message;

/* The wire type of a field. */
enum { WIRE_VARINT = 0, WIRE_8_BYTES = 1, WIRE_LENGTH = 2, WIRE_4_BYTES = 5 };

/* Little-endian, like all supported hosts. */
static void put_bytes(message *m, const void *bytes, size_t size)
{
    assert(m->size + size <= sizeof m->bytes);
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_varint(message *m, uint64_t value)
{
    for (; value >= 128; value >>= 7)
        put_bytes(m, &(unsigned char){(unsigned char)(value | 128)}, 1);
    put_bytes(m, &(unsigned char){(unsigned char)value}, 1);
}

static void put_key(message *m, unsigned field, unsigned wire)
{
    put_varint(m, field << 3 | wire);
}

static void put_double(message *m, unsigned field, double value)
{
    put_key(m, field, WIRE_8_BYTES);
    put_bytes(m, &value, sizeof value);
}

static void put_float(message *m, unsigned field, float value)
{
    put_key(m, field, WIRE_4_BYTES);
    put_bytes(m, &value, sizeof value);
}

/* A text, or a message within this one. */
static void put_block(message *m, unsigned field, const void *bytes, size_t size)
{
    put_key(m, field, WIRE_LENGTH);
    put_varint(m, size);
    put_bytes(m, bytes, size);
}

/* Fields of event.proto and summary.proto. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SIMPLE_VALUE = 2 };
enum { SESSION_LOG_STATUS = 1, SESSION_START = 1 };

/* ---- TFRecords ---- */

uint32_t event_crc32c(const void *bytes, size_t size)
{
    const unsigned char *next = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= next[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

/* TFRecords mask their checksums, because the CRC of data that contain their own CRC is weak. */
static uint32_t masked_crc32c(const void *bytes, size_t size)
{
    const uint32_t crc = event_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/* length, its checksum, data, their checksum */
static bool write_record(FILE *stream, const message *m)
{
    const uint64_t length = m->size;
    const uint32_t length_crc = masked_crc32c(&length, sizeof length), crc = masked_crc32c(m->bytes, m->size);
    return fwrite(&length, sizeof length, 1, stream) == 1 && fwrite(&length_crc, sizeof length_crc, 1, stream) == 1 &&
           fwrite(m->bytes, m->size, 1, stream) == 1 && fwrite(&crc, sizeof crc, 1, stream) == 1 &&
           fflush(stream) == 0;
}

/* ---- Events ---- */

bool event_write_version(FILE *stream, double wall_seconds)
{
    static const char version[] = "brain.Event:2";
    message event = {.size = 0};
    put_double(&event, EVENT_WALL_TIME, wall_seconds);
    put_block(&event, EVENT_FILE_VERSION, version, strlen(version));
    return write_record(stream, &event);
}

bool event_write_restart(FILE *stream, double wall_seconds, uint64_t step)
{
    message event = {.size = 0}, session = {.size = 0};
    put_key(&session, SESSION_LOG_STATUS, WIRE_VARINT);
    put_varint(&session, SESSION_START);
    put_double(&event, EVENT_WALL_TIME, wall_seconds);
    put_key(&event, EVENT_STEP, WIRE_VARINT);
    put_varint(&event, step);
    put_block(&event, EVENT_SESSION_LOG, session.bytes, session.size);
    return write_record(stream, &event);
}

bool event_write_scalars(FILE *stream, double wall_seconds, uint64_t step, const event_scalar *scalars, size_t count)
{
    message event = {.size = 0}, summary = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        message value = {.size = 0};
        put_block(&value, VALUE_TAG, scalars[i].tag, strlen(scalars[i].tag));
        put_float(&value, VALUE_SIMPLE_VALUE, scalars[i].value);
        put_block(&summary, SUMMARY_VALUE, value.bytes, value.size);
    }
    put_double(&event, EVENT_WALL_TIME, wall_seconds);
    put_key(&event, EVENT_STEP, WIRE_VARINT);
    put_varint(&event, step);
    put_block(&event, EVENT_SUMMARY, summary.bytes, summary.size);
    return write_record(stream, &event);
}
