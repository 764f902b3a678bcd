-- Bulk exports under way or done: what was asked for, and the `seq` of the last version that belongs to it. The files are
-- read from the versions when they are fetched; `files` lists them once they are known.
CREATE TABLE export (
    id {text} PRIMARY KEY,
    space {integer} NOT NULL,
    request {text} NOT NULL,
    as_of {integer} NOT NULL,
    expires {integer} NOT NULL,
    files {text}
);
