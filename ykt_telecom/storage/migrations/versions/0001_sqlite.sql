CREATE TABLE audit_head (
    id INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    seal VARCHAR(64) NOT NULL,
    proof VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (id)
);

CREATE TABLE audit_row (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor VARCHAR(64) NOT NULL,
    action VARCHAR(48) NOT NULL,
    subject VARCHAR(96) NOT NULL,
    facts JSON NOT NULL,
    seal VARCHAR(64)
);

CREATE INDEX ix_audit_row_unsealed ON audit_row (seq) WHERE seal is null;

CREATE TABLE card (
    iccid VARCHAR(20) NOT NULL,
    imsi VARCHAR(15),
    msisdn VARCHAR(15),
    profile VARCHAR(32) NOT NULL,
    state VARCHAR(12) NOT NULL,
    mt_kic INTEGER NOT NULL,
    mt_kid INTEGER NOT NULL,
    mo_kic INTEGER NOT NULL,
    mo_kid INTEGER NOT NULL,
    key_generation INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_card PRIMARY KEY (iccid)
);

CREATE UNIQUE INDEX uq_card_live_msisdn ON card (msisdn) WHERE state in ('ISSUED', 'ACTIVE', 'LOST', 'SUSPENDED', 'DAMAGED', 'CANCELLING') and msisdn is not null;

CREATE TABLE dialogue (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    iccid VARCHAR(20) NOT NULL,
    counter BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    inbox_id VARCHAR(32),
    operation INTEGER,
    request_number BIGINT,
    enterprise_id BIGINT,
    language INTEGER NOT NULL,
    msisdn VARCHAR(15),
    state VARCHAR(10) NOT NULL,
    reason VARCHAR(120),
    evaluates BOOLEAN NOT NULL,
    covered BLOB,
    refusal VARCHAR(4),
    refusal_code VARCHAR(8),
    amount_fen BIGINT,
    job_id VARCHAR(32),
    answer_text VARCHAR(85),
    sms_text VARCHAR(320),
    notice VARCHAR(6),
    outbox_id VARCHAR(32),
    possible_duplicate BOOLEAN NOT NULL,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX ix_dialogue_open ON dialogue (state) WHERE state in ('VERIFYING', 'CLOSING', 'DELETING', 'REOPENING', 'ANSWERING');

CREATE UNIQUE INDEX uq_dialogue_counter ON dialogue (iccid, counter);

CREATE TABLE enterprise (
    id BIGINT NOT NULL,
    code VARCHAR(32) NOT NULL,
    name VARCHAR(64) NOT NULL,
    signature VARCHAR(32) NOT NULL,
    load_cap_fen BIGINT NOT NULL,
    state VARCHAR(12) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_enterprise PRIMARY KEY (id),
    CONSTRAINT ck_enterprise_id_u32 CHECK (id > 0 and id <= 4294967295),
    CONSTRAINT uq_enterprise_code UNIQUE (code)
);

CREATE TABLE imported_file (
    digest VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    rows INTEGER NOT NULL,
    imported_at BIGINT NOT NULL,
    CONSTRAINT pk_imported_file PRIMARY KEY (digest)
);

CREATE TABLE inbox (
    id VARCHAR(32) NOT NULL,
    source VARCHAR(21) NOT NULL,
    destination VARCHAR(21) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    state VARCHAR(10) NOT NULL,
    pid INTEGER NOT NULL,
    dcs INTEGER NOT NULL,
    udhi BOOLEAN NOT NULL,
    user_data BLOB,
    digest VARCHAR(64) NOT NULL,
    set_reference INTEGER,
    set_total INTEGER,
    set_sequence INTEGER,
    iccid VARCHAR(20),
    counter BIGINT,
    note VARCHAR(120),
    received_at BIGINT NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (id)
);

CREATE INDEX ix_inbox_parts ON inbox (source, set_reference) WHERE state = 'PART';

CREATE INDEX ix_inbox_received_at ON inbox (received_at);

CREATE TABLE outbox (
    seq INTEGER NOT NULL,
    outbox_id VARCHAR(32) NOT NULL,
    segment INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    pid INTEGER NOT NULL,
    dcs INTEGER NOT NULL,
    udhi BOOLEAN NOT NULL,
    user_data BLOB NOT NULL,
    message_class VARCHAR(16) NOT NULL,
    receipt_wanted BOOLEAN NOT NULL,
    priority INTEGER NOT NULL,
    origin VARCHAR(16) NOT NULL,
    origin_id VARCHAR(64),
    state VARCHAR(10) NOT NULL,
    tries INTEGER NOT NULL,
    not_before BIGINT,
    possible_duplicate BOOLEAN NOT NULL,
    status INTEGER,
    message_id VARCHAR(72),
    receipt VARCHAR(12),
    receipt_error VARCHAR(12),
    queued_at BIGINT NOT NULL,
    handed_at BIGINT,
    answered_at BIGINT,
    receipt_at BIGINT,
    CONSTRAINT pk_outbox PRIMARY KEY (seq)
);

CREATE INDEX ix_outbox_handed ON outbox (seq) WHERE state = 'HANDED';

CREATE INDEX ix_outbox_message_id ON outbox (message_id, msisdn);

CREATE INDEX ix_outbox_origin ON outbox (origin, origin_id);

CREATE INDEX ix_outbox_queued ON outbox (priority, seq) WHERE state = 'QUEUED';

CREATE UNIQUE INDEX uq_outbox_segment ON outbox (outbox_id, segment);

CREATE TABLE parked_receipt (
    seq INTEGER NOT NULL,
    message_id VARCHAR(72) NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    state VARCHAR(12) NOT NULL,
    error VARCHAR(12),
    received_at BIGINT NOT NULL,
    CONSTRAINT pk_parked_receipt PRIMARY KEY (seq)
);

CREATE INDEX ix_parked_receipt_message_id ON parked_receipt (message_id, msisdn);

CREATE TABLE schema_version (
    version INTEGER NOT NULL,
    applied_at BIGINT NOT NULL,
    CONSTRAINT pk_schema_version PRIMARY KEY (version)
);

CREATE TABLE card_application (
    id VARCHAR(32) NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    slot INTEGER NOT NULL,
    aid VARCHAR(32) NOT NULL,
    name VARCHAR(16) NOT NULL,
    rights INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    state VARCHAR(16) NOT NULL,
    card_status INTEGER,
    card_balance_fen BIGINT,
    card_rsn BIGINT,
    card_offline_counter INTEGER,
    card_answered_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_card_application PRIMARY KEY (id),
    CONSTRAINT fk_card_application_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_card_application_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE UNIQUE INDEX uq_card_application_live_enterprise ON card_application (iccid, enterprise_id) WHERE state not in ('DELETED', 'FAILED');

CREATE UNIQUE INDEX uq_card_application_live_slot ON card_application (iccid, slot) WHERE state not in ('DELETED', 'FAILED');

CREATE TABLE card_key (
    iccid VARCHAR(20) NOT NULL,
    usage VARCHAR(8) NOT NULL,
    generation INTEGER NOT NULL,
    row_version INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    kcv VARCHAR(6) NOT NULL,
    CONSTRAINT pk_card_key PRIMARY KEY (iccid, usage, generation),
    CONSTRAINT fk_card_key_iccid FOREIGN KEY(iccid) REFERENCES card (iccid)
);

CREATE TABLE counter_mark (
    iccid VARCHAR(20) NOT NULL,
    key_index INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    high_water BIGINT NOT NULL,
    CONSTRAINT pk_counter_mark PRIMARY KEY (iccid, key_index, generation),
    CONSTRAINT fk_counter_mark_iccid FOREIGN KEY(iccid) REFERENCES card (iccid)
);

CREATE TABLE member (
    id INTEGER NOT NULL,
    enterprise_id BIGINT NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    name VARCHAR(64) NOT NULL,
    employee_no VARCHAR(32),
    department VARCHAR(64),
    state VARCHAR(12) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_member PRIMARY KEY (id),
    CONSTRAINT fk_member_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE INDEX ix_member_msisdn ON member (msisdn);

CREATE UNIQUE INDEX uq_member_enterprise_employee_no ON member (enterprise_id, employee_no) WHERE state = 'ACTIVE' and employee_no is not null;

CREATE UNIQUE INDEX uq_member_enterprise_msisdn ON member (enterprise_id, msisdn) WHERE state = 'ACTIVE';

CREATE TABLE mo_window (
    iccid VARCHAR(20) NOT NULL,
    key_index INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    highest BIGINT NOT NULL,
    seen VARCHAR(16) NOT NULL,
    CONSTRAINT pk_mo_window PRIMARY KEY (iccid, key_index, generation),
    CONSTRAINT fk_mo_window_iccid FOREIGN KEY(iccid) REFERENCES card (iccid)
);

CREATE TABLE mother_key (
    enterprise_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    row_version INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    kcv VARCHAR(6) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_mother_key PRIMARY KEY (enterprise_id, version),
    CONSTRAINT fk_mother_key_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE TABLE purse (
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    balance_fen BIGINT NOT NULL,
    valid_until DATE,
    opened_at BIGINT NOT NULL,
    CONSTRAINT pk_purse PRIMARY KEY (iccid, enterprise_id),
    CONSTRAINT ck_purse_balance_not_negative CHECK (balance_fen >= 0),
    CONSTRAINT fk_purse_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_purse_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE TABLE service_password (
    iccid VARCHAR(20) NOT NULL,
    verifier VARCHAR(160) NOT NULL,
    tries INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    locked_at BIGINT,
    set_at BIGINT NOT NULL,
    CONSTRAINT pk_service_password PRIMARY KEY (iccid),
    CONSTRAINT fk_service_password_iccid FOREIGN KEY(iccid) REFERENCES card (iccid)
);

CREATE TABLE shift (
    enterprise_id BIGINT NOT NULL,
    starts_minute INTEGER NOT NULL,
    ends_minute INTEGER NOT NULL,
    CONSTRAINT pk_shift PRIMARY KEY (enterprise_id),
    CONSTRAINT fk_shift_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE TABLE statement_run (
    id VARCHAR(32) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    period VARCHAR(7) NOT NULL,
    revision INTEGER NOT NULL,
    state VARCHAR(8) NOT NULL,
    cutoff_id BIGINT NOT NULL,
    earlier_cutoff_id BIGINT NOT NULL,
    members_up_to BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    sent_at BIGINT,
    CONSTRAINT pk_statement_run PRIMARY KEY (id),
    CONSTRAINT fk_statement_run_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE UNIQUE INDEX uq_statement_run_period ON statement_run (enterprise_id, kind, period, revision);

CREATE TABLE statement_schedule (
    enterprise_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    enabled BOOLEAN NOT NULL,
    since VARCHAR(7) NOT NULL,
    CONSTRAINT pk_statement_schedule PRIMARY KEY (enterprise_id, kind),
    CONSTRAINT fk_statement_schedule_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE TABLE attendance_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    application_id VARCHAR(32) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    counter BIGINT NOT NULL,
    terminal VARCHAR(20) NOT NULL,
    tac BLOB,
    occurred_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    origin VARCHAR(72) NOT NULL,
    CONSTRAINT fk_attendance_event_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_attendance_event_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_attendance_event_application_id FOREIGN KEY(application_id) REFERENCES card_application (id)
);

CREATE INDEX ix_attendance_event_month ON attendance_event (enterprise_id, occurred_at);

CREATE UNIQUE INDEX uq_attendance_event_counter ON attendance_event (application_id, counter);

CREATE TABLE card_transaction (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    application_id VARCHAR(32) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    amount_fen BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    terminal VARCHAR(20) NOT NULL,
    card_balance_fen BIGINT,
    tac BLOB,
    occurred_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    reason VARCHAR(80),
    origin VARCHAR(72) NOT NULL,
    CONSTRAINT ck_card_transaction_amount_positive CHECK (amount_fen > 0),
    CONSTRAINT fk_card_transaction_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_card_transaction_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_card_transaction_application_id FOREIGN KEY(application_id) REFERENCES card_application (id)
);

CREATE INDEX ix_card_transaction_card ON card_transaction (iccid, enterprise_id);

CREATE INDEX ix_card_transaction_month ON card_transaction (enterprise_id, occurred_at);

CREATE INDEX ix_card_transaction_terminal ON card_transaction (terminal, iccid);

CREATE UNIQUE INDEX uq_card_transaction_counter ON card_transaction (application_id, counter);

CREATE TABLE job (
    id VARCHAR(32) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT,
    application_id VARCHAR(32),
    payload JSON NOT NULL,
    origin VARCHAR(16) NOT NULL,
    origin_id VARCHAR(64),
    priority INTEGER NOT NULL,
    reference BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(96),
    purpose VARCHAR(8) NOT NULL,
    attempts INTEGER NOT NULL,
    resyncs INTEGER NOT NULL,
    due_at BIGINT,
    deadline BIGINT NOT NULL,
    status INTEGER,
    status_word INTEGER,
    answer JSON,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT fk_job_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_job_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_job_application_id FOREIGN KEY(application_id) REFERENCES card_application (id)
);

CREATE INDEX ix_job_iccid ON job (iccid);

CREATE INDEX ix_job_open ON job (state, due_at) WHERE state not in ('APPLIED', 'FAILED', 'CANCELLED', 'EXPIRED', 'SUPERSEDED');

CREATE INDEX ix_job_origin ON job (origin, origin_id);

CREATE UNIQUE INDEX uq_job_lane ON job (iccid) WHERE state in ('BUILT', 'SUBMITTED', 'RETRY_WAIT', 'ACCEPTED', 'DELIVERED');

CREATE TABLE leave_day (
    member_id BIGINT NOT NULL,
    day DATE NOT NULL,
    CONSTRAINT pk_leave_day PRIMARY KEY (member_id, day),
    CONSTRAINT fk_leave_day_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

CREATE TABLE statement (
    id VARCHAR(32) NOT NULL,
    run_id VARCHAR(32) NOT NULL,
    member_id BIGINT NOT NULL,
    enterprise_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    period VARCHAR(7) NOT NULL,
    revision INTEGER NOT NULL,
    state VARCHAR(12) NOT NULL,
    reason VARCHAR(24),
    text VARCHAR(640),
    segments INTEGER NOT NULL,
    outbox_id VARCHAR(32),
    delivered BIGINT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (id),
    CONSTRAINT fk_statement_run_id FOREIGN KEY(run_id) REFERENCES statement_run (id),
    CONSTRAINT fk_statement_member_id FOREIGN KEY(member_id) REFERENCES member (id),
    CONSTRAINT fk_statement_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE INDEX ix_statement_run ON statement (run_id);

CREATE UNIQUE INDEX uq_statement_member_period ON statement (member_id, enterprise_id, kind, period, revision);

CREATE TABLE statement_opt_out (
    member_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_statement_opt_out PRIMARY KEY (member_id, kind),
    CONSTRAINT fk_statement_opt_out_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

CREATE TABLE attempt (
    id VARCHAR(32) NOT NULL,
    job_id VARCHAR(32) NOT NULL,
    number INTEGER NOT NULL,
    purpose VARCHAR(8) NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    key_index INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    counter BIGINT NOT NULL,
    tar VARCHAR(6) NOT NULL,
    spi VARCHAR(4) NOT NULL,
    kic INTEGER NOT NULL,
    kid INTEGER NOT NULL,
    challenge VARCHAR(16),
    digest VARCHAR(64) NOT NULL,
    segments INTEGER NOT NULL,
    may_be_sent BOOLEAN NOT NULL,
    fenced BOOLEAN NOT NULL,
    status INTEGER,
    built_at BIGINT NOT NULL,
    answered_at BIGINT,
    CONSTRAINT pk_attempt PRIMARY KEY (id),
    CONSTRAINT fk_attempt_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);

CREATE INDEX ix_attempt_job ON attempt (job_id);

CREATE UNIQUE INDEX uq_attempt_counter ON attempt (iccid, key_index, generation, counter);

CREATE TABLE job_history (
    seq INTEGER NOT NULL,
    job_id VARCHAR(32) NOT NULL,
    at BIGINT NOT NULL,
    event VARCHAR(24) NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(96),
    CONSTRAINT pk_job_history PRIMARY KEY (seq),
    CONSTRAINT fk_job_history_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);

CREATE INDEX ix_job_history_job ON job_history (job_id);

CREATE TABLE posting (
    id INTEGER NOT NULL,
    enterprise_id BIGINT NOT NULL,
    transaction_id BIGINT NOT NULL,
    posted_at BIGINT NOT NULL,
    CONSTRAINT pk_posting PRIMARY KEY (id),
    CONSTRAINT fk_posting_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT uq_posting_transaction_id UNIQUE (transaction_id),
    CONSTRAINT fk_posting_transaction_id FOREIGN KEY(transaction_id) REFERENCES card_transaction (id)
);

CREATE TABLE ledger_entry (
    posting_id BIGINT NOT NULL,
    line INTEGER NOT NULL,
    enterprise_id BIGINT NOT NULL,
    account VARCHAR(32) NOT NULL,
    debit_fen BIGINT NOT NULL,
    credit_fen BIGINT NOT NULL,
    CONSTRAINT pk_ledger_entry PRIMARY KEY (posting_id, line),
    CONSTRAINT ck_ledger_entry_one_side CHECK ((debit_fen > 0 and credit_fen = 0) or (debit_fen = 0 and credit_fen > 0)),
    CONSTRAINT fk_ledger_entry_posting_id FOREIGN KEY(posting_id) REFERENCES posting (id)
);

CREATE INDEX ix_ledger_entry_account ON ledger_entry (enterprise_id, account);
