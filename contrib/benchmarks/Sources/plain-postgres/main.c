// SPDX-License-Identifier: MIT
// plain-postgres CONNECTION COUNT PAYLOAD [BATCH]: the peer of the sidecar's drain. Applies COUNT transactions of two
// steps (a new bench_record with PAYLOAD bytes, and a change of a bench_device) and prints transactions/s.
//
// Without BATCH: as a client without a sidecar would: BEGIN, two prepared statements, COMMIT, each awaited.
// With BATCH: the least that a drain must do: so many at a time in one database transaction, pipelined, with a row in
// bench_ledger for each, in one statement.
#include "../CLibPQ/shim.h"
#include <stdio.h>
#include <stdlib.h>

#ifndef HAS_LIBPQ
int main(void) {
    fprintf(stderr, "plain-postgres was built without libpq; try: apt-get install libpq-dev, and build again\n");
    return 1;
}
#else
#include <string.h>
#include <time.h>

enum { ID_BYTES_MAX = 32 };

static PGconn *connection;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(void) {
    fprintf(stderr, "plain-postgres: %s", PQerrorMessage(connection));
    exit(1);
}

static void finish(PGresult *result) {
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail();
    PQclear(result);
}

static void prepare(const char *name, const char *sql) { finish(PQprepare(connection, name, sql, 0, NULL)); }

// The parameters of transaction `number`; the same pointers are filled anew each time.
static const char *record_values[2], *device_values[2];

static void fill(long number) {
    static char record[ID_BYTES_MAX], device[ID_BYTES_MAX], state[ID_BYTES_MAX];
    snprintf(record, sizeof record, "record-%ld", number);
    snprintf(device, sizeof device, "device-%ld", number);
    snprintf(state, sizeof state, "state-%ld", number);
    record_values[0] = record;
    device_values[0] = device;
    device_values[1] = state;
}

static void run_plain(long count) {
    for (long number = 0; number < count; number++) {
        fill(number);
        finish(PQexec(connection, "BEGIN"));
        finish(PQexecPrepared(connection, "record", 2, record_values, NULL, NULL, 0));
        finish(PQexecPrepared(connection, "device", 2, device_values, NULL, NULL, 0));
        finish(PQexec(connection, "COMMIT"));
    }
}

static void queue(const char *name, int count, const char *const *values) {
    if (!PQsendQueryPrepared(connection, name, count, values, NULL, NULL, 0)) fail();
}

// Reads what has come, so that neither side waits for the other with full buffers.
static void take_what_came(long *outcomes) {
    if (!PQconsumeInput(connection)) fail();
    while (*outcomes > 0 && !PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        if (!result) continue;
        finish(result);
        --*outcomes;
    }
}

static void take_all(long outcomes) {
    if (!PQpipelineSync(connection)) fail();
    while (outcomes > 0) {
        PGresult *result = PQgetResult(connection);
        if (!result) continue;
        finish(result);
        outcomes--;
    }
    PGresult *result;
    while (!(result = PQgetResult(connection)) || PQresultStatus(result) != PGRES_PIPELINE_SYNC) PQclear(result);
    PQclear(result);
}

static void run_batches(long count, long batch) {
    char *ids = malloc((size_t)batch * ID_BYTES_MAX + 2);
    if (!ids || !PQenterPipelineMode(connection)) fail();
    for (long number = 0; number < count;) {
        long outcomes = 0, end = number + batch < count ? number + batch : count;
        size_t length = 0;
        queue("begin", 0, NULL);
        outcomes++;
        for (; number < end; number++) {
            fill(number);
            queue("record", 2, record_values);
            queue("device", 2, device_values);
            outcomes += 2;
            length += (size_t)sprintf(ids + length, "%c%s", length ? ',' : '{', record_values[0]);
            if (number % 32 == 31) take_what_came(&outcomes);
        }
        strcpy(ids + length, "}");
        const char *values[] = {ids};
        queue("ledger", 1, values);
        queue("commit", 0, NULL);
        take_all(outcomes + 2);
    }
    free(ids);
}

int main(int count, char **arguments) {
    if (count != 4 && count != 5) {
        fprintf(stderr, "usage: plain-postgres CONNECTION COUNT PAYLOAD [BATCH]\n");
        return 2;
    }
    long transactions = atol(arguments[2]), bytes = atol(arguments[3]), batch = count == 5 ? atol(arguments[4]) : 0;
    if (transactions < 1 || bytes < 0 || batch < 0) return 2;
    char *payload = malloc((size_t)bytes + 1);
    if (!payload) return 1;
    memset(payload, 'x', (size_t)bytes);
    payload[bytes] = 0;
    record_values[1] = payload;

    connection = PQconnectdb(arguments[1]);
    if (PQstatus(connection) != CONNECTION_OK) fail();
    prepare("begin", "BEGIN");
    prepare("record", "INSERT INTO bench_record(id, payload) VALUES ($1, $2)");
    prepare("device", "UPDATE bench_device SET state = $2 WHERE id = $1");
    prepare("ledger",
        "INSERT INTO bench_ledger(transaction_id, site, content_hash, applied_at) "
        "SELECT id, 'bench', sha256(id::bytea), now() FROM unnest($1::text[]) AS id");
    prepare("commit", "COMMIT");
    double start = now();
    if (batch) run_batches(transactions, batch); else run_plain(transactions);
    printf("%.1f\n", (double)transactions / (now() - start));
    PQfinish(connection);
    return 0;
}
#endif
