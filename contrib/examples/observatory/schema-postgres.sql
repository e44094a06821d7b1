-- SPDX-License-Identifier: MIT
-- The main database of the same small observatory, for PostgreSQL.
CREATE TYPE telescope_state AS ENUM ('idle', 'busy', 'maintenance');

CREATE TABLE telescope (
    id           text PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    state        telescope_state NOT NULL DEFAULT 'idle',
    altitude_m   integer,
    observations bigint NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- What astronomers want to have observed.
CREATE TABLE obs_unit (
    id           text PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    target       text NOT NULL,
    priority     integer NOT NULL DEFAULT 0,
    is_public    boolean NOT NULL DEFAULT false,
    not_after    date,
    settings     jsonb
);

-- What was observed.
CREATE TABLE executed_obs_unit (
    id           uuid PRIMARY KEY,
    obs_unit_id  text NOT NULL REFERENCES obs_unit (id),
    telescope_id text NOT NULL REFERENCES telescope (id),
    status       text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'finished', 'aborted')),
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    conditions   jsonb
);

CREATE TABLE raw_data_package (
    id           uuid PRIMARY KEY,
    obs_id       uuid NOT NULL REFERENCES executed_obs_unit (id),
    name         text NOT NULL,
    file_count   integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (obs_id, name)
);

CREATE TABLE raw_data_file (
    id           uuid PRIMARY KEY,
    package_id   uuid NOT NULL REFERENCES raw_data_package (id),
    name         text NOT NULL,
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    exposure_s   double precision,
    checksum     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (package_id, name)
);

-- Here the database gives out the ids.
CREATE TABLE log_entry (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    telescope_id text NOT NULL REFERENCES telescope (id),
    level        text NOT NULL DEFAULT 'info' CHECK (level IN ('info', 'warning', 'error')),
    message      text NOT NULL,
    logged_at    timestamptz NOT NULL DEFAULT now()
);

INSERT INTO telescope (id, name, altitude_m) VALUES ('t1', 'North', 5612), ('t2', 'South', 5612);

INSERT INTO obs_unit (id, name, target, priority, settings) VALUES
    ('u1', 'Carbon in M 83', 'M 83', 10, '{"band_ghz":[492,809],"filters":["a","b"]}'),
    ('u2', 'Orion bar, deep', 'Orion', 5, NULL),
    ('u3', 'Calibration on Mars', 'Mars', 0, '{"band_ghz":[345]}');
