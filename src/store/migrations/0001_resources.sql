-- A space keeps its ids apart from every other space's.
CREATE TABLE space (
    id {integer} PRIMARY KEY,
    name {text} NOT NULL UNIQUE
);

-- Every version there ever was. `seq` is the moment of the version in microseconds since 1970, unique and in the order
-- of commit: it is meta.lastUpdated, the key of the version, and what pages and polls go by. `creator` is the author of the
-- resource's first version.
CREATE TABLE version (
    seq {integer} PRIMARY KEY,
    space {integer} NOT NULL,
    type {text} NOT NULL,
    id {text} NOT NULL,
    version {integer} NOT NULL,
    method {text} NOT NULL,
    author {text},
    creator {text},
    body {text},
    issues {text}
);
CREATE UNIQUE INDEX version_of_instance ON version (space, type, id, version);
CREATE INDEX version_of_type ON version (space, type, seq);

-- The current version of each resource.
CREATE TABLE resource (
    space {integer} NOT NULL,
    type {text} NOT NULL,
    id {text} NOT NULL,
    seq {integer} NOT NULL,
    version {integer} NOT NULL,
    deleted {integer} NOT NULL,
    PRIMARY KEY (space, type, id)
) {clustered};
CREATE INDEX resource_by_seq ON resource (space, type, seq) WHERE deleted = 0;

-- The search parameters there are entries for, and the expression the entries were made with.
CREATE TABLE search_parameter (
    id {integer} PRIMARY KEY,
    type {text} NOT NULL,
    code {text} NOT NULL,
    fingerprint {text} NOT NULL,
    UNIQUE (type, code)
);

-- Entries of current versions only. Each table is ordered for lookup by value with the newest last, and by `seq` for the
-- checks on one resource, for sorting, and for removal.
CREATE TABLE token_entry (
    space {integer} NOT NULL,
    parameter {integer} NOT NULL,
    code {text} NOT NULL,
    seq {integer} NOT NULL,
    part {integer} NOT NULL,
    system {text} NOT NULL,
    PRIMARY KEY (space, parameter, code, seq, part, system)
) {clustered};
CREATE INDEX token_entry_by_seq ON token_entry (seq, parameter);

CREATE TABLE reference_entry (
    space {integer} NOT NULL,
    parameter {integer} NOT NULL,
    target {text} NOT NULL,
    seq {integer} NOT NULL,
    part {integer} NOT NULL,
    type {text} NOT NULL,
    base {text} NOT NULL,
    version {text} NOT NULL,
    PRIMARY KEY (space, parameter, target, seq, part, type, base, version)
) {clustered};
CREATE INDEX reference_entry_by_seq ON reference_entry (seq, parameter);

CREATE TABLE date_entry (
    space {integer} NOT NULL,
    parameter {integer} NOT NULL,
    low {integer} NOT NULL,
    high {integer} NOT NULL,
    seq {integer} NOT NULL,
    part {integer} NOT NULL,
    PRIMARY KEY (space, parameter, low, high, seq, part)
) {clustered};
CREATE INDEX date_entry_by_high ON date_entry (space, parameter, high, low, seq);
CREATE INDEX date_entry_by_seq ON date_entry (seq, parameter);

CREATE TABLE string_entry (
    space {integer} NOT NULL,
    parameter {integer} NOT NULL,
    folded {text} NOT NULL,
    seq {integer} NOT NULL,
    part {integer} NOT NULL,
    exact {text} NOT NULL,
    PRIMARY KEY (space, parameter, folded, seq, part, exact)
) {clustered};
CREATE INDEX string_entry_by_seq ON string_entry (seq, parameter);

CREATE TABLE number_entry (
    space {integer} NOT NULL,
    parameter {integer} NOT NULL,
    low {real} NOT NULL,
    high {real} NOT NULL,
    seq {integer} NOT NULL,
    part {integer} NOT NULL,
    system {text} NOT NULL,
    unit {text} NOT NULL,
    PRIMARY KEY (space, parameter, low, high, seq, part, system, unit)
) {clustered};
CREATE INDEX number_entry_by_high ON number_entry (space, parameter, high, low, seq);
CREATE INDEX number_entry_by_seq ON number_entry (seq, parameter);
