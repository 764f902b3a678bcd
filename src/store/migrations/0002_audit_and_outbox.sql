-- Who did what to which version, written with it. `seq` is that of the version.
CREATE TABLE audit (
    seq {integer} PRIMARY KEY,
    space {integer} NOT NULL,
    type {text} NOT NULL,
    id {text} NOT NULL,
    action {text} NOT NULL,
    author {text},
    request {text} NOT NULL
);
CREATE INDEX audit_of_instance ON audit (space, type, id, seq);

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
