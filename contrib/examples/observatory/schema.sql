-- SPDX-License-Identifier: MIT
-- The main database of a small observatory, for SQLite 3.
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;

CREATE TABLE telescope (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL UNIQUE,
    state        TEXT NOT NULL DEFAULT 'idle' CHECK (state IN ('idle', 'busy', 'maintenance')),
    altitude_m   INTEGER,
    observations INTEGER NOT NULL DEFAULT 0,
    updated_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- What astronomers want to have observed.
CREATE TABLE obs_unit (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL UNIQUE,
    target       TEXT NOT NULL,
    priority     INTEGER NOT NULL DEFAULT 0,
    is_public    BOOLEAN NOT NULL DEFAULT FALSE,
    not_after    DATE,
    settings     JSON
);

-- What was observed.
CREATE TABLE executed_obs_unit (
    id           UUID PRIMARY KEY NOT NULL,
    obs_unit_id  TEXT NOT NULL REFERENCES obs_unit (id),
    telescope_id TEXT NOT NULL REFERENCES telescope (id),
    status       TEXT NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'finished', 'aborted')),
    started_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ended_at     TIMESTAMP,
    conditions   JSON
);

CREATE TABLE raw_data_package (
    id           UUID PRIMARY KEY NOT NULL,
    obs_id       UUID NOT NULL REFERENCES executed_obs_unit (id),
    name         TEXT NOT NULL,
    file_count   INTEGER NOT NULL DEFAULT 0,
    created_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (obs_id, name)
);

CREATE TABLE raw_data_file (
    id           UUID PRIMARY KEY NOT NULL,
    package_id   UUID NOT NULL REFERENCES raw_data_package (id),
    name         TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    exposure_s   REAL,
    checksum     BLOB,
    created_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (package_id, name)
);

-- Here the database gives out the ids.
CREATE TABLE log_entry (
    id           INTEGER PRIMARY KEY,
    telescope_id TEXT NOT NULL REFERENCES telescope (id),
    level        TEXT NOT NULL DEFAULT 'info' CHECK (level IN ('info', 'warning', 'error')),
    message      TEXT NOT NULL,
    logged_at    TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO telescope (id, name, altitude_m) VALUES ('t1', 'North', 5612), ('t2', 'South', 5612);

INSERT INTO obs_unit (id, name, target, priority, settings) VALUES
    ('u1', 'Carbon in M 83', 'M 83', 10, '{"band_ghz":[492,809],"filters":["a","b"]}'),
    ('u2', 'Orion bar, deep', 'Orion', 5, NULL),
    ('u3', 'Calibration on Mars', 'Mars', 0, '{"band_ghz":[345]}');
