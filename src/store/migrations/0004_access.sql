-- Who takes part in a Task, by name, and until when what the Task reaches is theirs to see.
CREATE TABLE party (
    space {integer} NOT NULL,
    task {text} NOT NULL,
    name {text} NOT NULL,
    until {integer} NOT NULL,
    PRIMARY KEY (space, task, name)
) {clustered};
CREATE INDEX party_by_name ON party (space, name, task);

-- What a Task or an order reaches. A link that is pending gives nothing: what it leads to its author could not see, or it
-- was not there; it begins to count if that author creates it.
CREATE TABLE link (
    space {integer} NOT NULL,
    type {text} NOT NULL,
    id {text} NOT NULL,
    source_type {text} NOT NULL,
    source {text} NOT NULL,
    pending {text},
    PRIMARY KEY (space, type, id, source_type, source)
) {clustered};
CREATE INDEX link_by_source ON link (space, source_type, source);

-- For whom it is kept what may be disclosed to them: the organisation a client writes as, and how it is registered.
CREATE TABLE recipient (
    space {integer} NOT NULL,
    name {text} NOT NULL,
    registered {text} NOT NULL,
    PRIMARY KEY (space, name)
) {clustered};

-- What of others' may be disclosed to a recipient, for which Task, and until when. The consent of the patient is in it.
CREATE TABLE disclosure (
    space {integer} NOT NULL,
    type {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    task {text} NOT NULL,
    until {integer} NOT NULL,
    PRIMARY KEY (space, type, id, name, task)
) {clustered};
CREATE INDEX disclosure_by_task ON disclosure (space, task);

-- When it has to be found out anew what may be disclosed for a Task.
CREATE TABLE unsettled (
    space {integer} NOT NULL,
    task {text} NOT NULL,
    due {integer} NOT NULL,
    PRIMARY KEY (space, task)
) {clustered};
CREATE INDEX unsettled_by_due ON unsettled (due);
