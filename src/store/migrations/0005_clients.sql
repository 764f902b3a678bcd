-- Clients registered by command, and what was said of those in the configuration: `registration` is NULL where a client of
-- the configuration is disabled. `changed` grows with each change, so that nodes see that there was one.
CREATE TABLE client (
    id {text} PRIMARY KEY,
    registration {text},
    disabled {integer} NOT NULL,
    changed {integer} NOT NULL
);
CREATE INDEX client_by_change ON client (changed);

-- Assertions that clients have proved with who they are, until they expire: none is taken twice, by whatever node.
CREATE TABLE assertion (
    client {text} NOT NULL,
    jti {text} NOT NULL,
    expires {integer} NOT NULL,
    PRIMARY KEY (client, jti)
) {clustered};
CREATE INDEX assertion_by_expiry ON assertion (expires);

-- Keys of the gateway's own, all nodes' alike. `sealed` is encrypted under a key that is not in the database.
CREATE TABLE own_key (
    id {text} PRIMARY KEY,
    purpose {text} NOT NULL,
    made {integer} NOT NULL,
    sealed {text} NOT NULL
);
