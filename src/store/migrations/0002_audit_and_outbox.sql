-- The record of who did what, append only: a page is what one commit has to tell, events as lines of JSON. `seq` is its
-- moment in microseconds since 1970, unique and in the order of commit. Pages are chained by their hashes and signed.
CREATE TABLE audit_page (
    seq {integer} PRIMARY KEY,
    chain {integer} NOT NULL,
    number {integer} NOT NULL,
    hash {text} NOT NULL,
    signature {text} NOT NULL,
    events {text} NOT NULL
);
CREATE UNIQUE INDEX audit_page_of_chain ON audit_page (chain, number);

-- The chains, each written by one process. `named` is the number of the last page that the start of another chain names.
CREATE TABLE audit_chain (
    id {integer} PRIMARY KEY,
    named {integer} NOT NULL
);

-- In which seconds since 1970 a Patient, or a resource of none, is spoken of: where much is done, that is much less than
-- in which pages.
CREATE TABLE audit_subject (
    subject {integer} NOT NULL,
    second {integer} NOT NULL,
    PRIMARY KEY (subject, second)
) {clustered};

-- What has to be told to somebody, written with what it speaks of. A row goes when its telling is done.
CREATE TABLE outbox (
    id {serial},
    space {integer} NOT NULL,
    type {text} NOT NULL,
    resource {text} NOT NULL,
    seq {integer} NOT NULL,
    event {text} NOT NULL,
    due {integer} NOT NULL,
    attempts {integer} NOT NULL,
    leased_until {integer} NOT NULL
);
CREATE INDEX outbox_due ON outbox (due, id);
