CREATE TABLE audit_head (
    id INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    seal VARCHAR(64) NOT NULL,
    proof VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (id)
);

CREATE TABLE audit_row (
    seq BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    actor VARCHAR(64) NOT NULL,
    action VARCHAR(48) NOT NULL,
    subject VARCHAR(96) NOT NULL,
    facts JSON NOT NULL,
    seal VARCHAR(64),
    CONSTRAINT pk_audit_row PRIMARY KEY (seq)
);

CREATE INDEX ix_audit_row_subject ON audit_row (subject, seq);

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

CREATE INDEX ix_card_msisdn ON card (msisdn);

CREATE INDEX ix_card_tail ON card (substr(iccid, length(iccid) - 5));

CREATE UNIQUE INDEX uq_card_live_msisdn ON card (msisdn) WHERE state IN ('ISSUED', 'ACTIVE', 'LOST', 'SUSPENDED', 'DAMAGED', 'CANCELLING') AND msisdn IS NOT NULL;

CREATE TABLE dialogue (
    id BIGSERIAL NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    counter BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    inbox_id BIGINT,
    operation INTEGER,
    request_number BIGINT,
    enterprise_id BIGINT,
    language INTEGER NOT NULL,
    msisdn VARCHAR(15),
    state VARCHAR(10) NOT NULL,
    reason VARCHAR(120),
    evaluates BOOLEAN NOT NULL,
    covered BYTEA,
    refusal VARCHAR(4),
    refusal_code VARCHAR(8),
    amount_fen BIGINT,
    job_id BIGINT,
    answer_text VARCHAR(85),
    sms_text VARCHAR(320),
    notice VARCHAR(6),
    outbox_id BIGINT,
    possible_duplicate BOOLEAN NOT NULL,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_dialogue PRIMARY KEY (id)
);

CREATE INDEX ix_dialogue_open ON dialogue (iccid, operation) WHERE state IN ('VERIFYING', 'CLOSING', 'DELETING', 'REOPENING', 'ANSWERING');

CREATE UNIQUE INDEX uq_dialogue_counter ON dialogue (iccid, counter);

CREATE TABLE dialogue_serial (
    id INTEGER NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_dialogue_serial PRIMARY KEY (id)
);

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

CREATE UNIQUE INDEX uq_enterprise_code_folded ON enterprise (lower(code));

CREATE TABLE idempotency (
    principal_id BIGINT NOT NULL,
    key VARCHAR(64) NOT NULL,
    fingerprint BYTEA NOT NULL,
    results TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (principal_id, key)
);

CREATE INDEX ix_idempotency_at ON idempotency (at);

CREATE TABLE imported_file (
    digest VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    rows INTEGER NOT NULL,
    imported_at BIGINT NOT NULL,
    CONSTRAINT pk_imported_file PRIMARY KEY (digest)
);

CREATE TABLE inbox (
    id BIGINT NOT NULL,
    source VARCHAR(21) NOT NULL,
    destination VARCHAR(21) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    state VARCHAR(10) NOT NULL,
    pid INTEGER NOT NULL,
    dcs INTEGER NOT NULL,
    udhi BOOLEAN NOT NULL,
    user_data BYTEA,
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

CREATE INDEX ix_inbox_digest ON inbox (digest);

CREATE INDEX ix_inbox_old_parts ON inbox (received_at) WHERE state IN ('PART');

CREATE INDEX ix_inbox_parts ON inbox (source, set_reference) WHERE state IN ('PART');

CREATE INDEX ix_inbox_received_at ON inbox (received_at);

CREATE TABLE outbox (
    id BIGINT NOT NULL,
    message BIGINT NOT NULL,
    segment INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    pid INTEGER NOT NULL,
    dcs INTEGER NOT NULL,
    udhi BOOLEAN NOT NULL,
    user_data BYTEA NOT NULL,
    reference INTEGER NOT NULL,
    message_class VARCHAR(16) NOT NULL,
    priority INTEGER NOT NULL,
    origin VARCHAR(16) NOT NULL,
    origin_id BIGINT,
    state VARCHAR(10) NOT NULL,
    refusals INTEGER NOT NULL,
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
    CONSTRAINT pk_outbox PRIMARY KEY (id)
);

CREATE INDEX ix_outbox_handed ON outbox (handed_at) WHERE state IN ('HANDED');

CREATE INDEX ix_outbox_long ON outbox (msisdn, id) WHERE segments > 1 and segment = 1;

CREATE INDEX ix_outbox_message ON outbox (message);

CREATE INDEX ix_outbox_message_id ON outbox (message_id) WHERE receipt is null and message_id is not null;

CREATE INDEX ix_outbox_ready ON outbox (priority, id) WHERE state IN ('QUEUED') AND not_before IS NULL;

CREATE INDEX ix_outbox_waiting ON outbox (not_before) WHERE state IN ('QUEUED') AND not_before IS NOT NULL;

CREATE INDEX ix_outbox_waiting_number ON outbox (msisdn, id) WHERE state IN ('QUEUED') AND not_before IS NOT NULL;

CREATE TABLE parked_receipt (
    id BIGINT NOT NULL,
    message_id VARCHAR(72) NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    state VARCHAR(12) NOT NULL,
    error VARCHAR(12),
    received_at BIGINT NOT NULL,
    CONSTRAINT pk_parked_receipt PRIMARY KEY (id)
);

CREATE INDEX ix_parked_receipt_message_id ON parked_receipt (message_id);

CREATE INDEX ix_parked_receipt_received_at ON parked_receipt (received_at);

CREATE TABLE card_application (
    id BIGINT NOT NULL,
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
    card_counter BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_card_application PRIMARY KEY (id),
    CONSTRAINT fk_card_application_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_card_application_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE UNIQUE INDEX uq_card_application_live_enterprise ON card_application (iccid, enterprise_id) WHERE state NOT IN ('DELETED', 'FAILED');

CREATE UNIQUE INDEX uq_card_application_live_slot ON card_application (iccid, slot) WHERE state NOT IN ('DELETED', 'FAILED');

CREATE TABLE card_key (
    iccid VARCHAR(20) NOT NULL,
    usage VARCHAR(8) NOT NULL,
    generation INTEGER NOT NULL,
    row_version INTEGER NOT NULL,
    wrapped BYTEA NOT NULL,
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
    id BIGSERIAL NOT NULL,
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

CREATE INDEX ix_member_active ON member (enterprise_id, id) WHERE state IN ('ACTIVE');

CREATE INDEX ix_member_msisdn ON member (msisdn);

CREATE UNIQUE INDEX uq_member_enterprise_employee_no ON member (enterprise_id, employee_no) WHERE state IN ('ACTIVE') AND employee_no IS NOT NULL;

CREATE UNIQUE INDEX uq_member_enterprise_msisdn ON member (enterprise_id, msisdn) WHERE state IN ('ACTIVE');

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
    wrapped BYTEA NOT NULL,
    kcv VARCHAR(6) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_mother_key PRIMARY KEY (enterprise_id, version),
    CONSTRAINT fk_mother_key_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE TABLE principal (
    id BIGSERIAL NOT NULL,
    name VARCHAR(64) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    tenant BIGINT,
    state VARCHAR(8) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_principal PRIMARY KEY (id),
    CONSTRAINT uq_principal_name UNIQUE (name),
    CONSTRAINT fk_principal_tenant FOREIGN KEY(tenant) REFERENCES enterprise (id)
);

CREATE INDEX ix_principal_tenant ON principal (tenant);

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
    id BIGINT NOT NULL,
    enterprise_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    period VARCHAR(7) NOT NULL,
    revision INTEGER NOT NULL,
    state VARCHAR(8) NOT NULL,
    cutoff BIGINT NOT NULL,
    earlier_run_id BIGINT,
    members_up_to BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    sent_at BIGINT,
    CONSTRAINT pk_statement_run PRIMARY KEY (id),
    CONSTRAINT fk_statement_run_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_statement_run_earlier_run_id FOREIGN KEY(earlier_run_id) REFERENCES statement_run (id)
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

CREATE TABLE access_token (
    id BIGSERIAL NOT NULL,
    principal_id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    scopes VARCHAR(400),
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_access_token PRIMARY KEY (id),
    CONSTRAINT fk_access_token_principal_id FOREIGN KEY(principal_id) REFERENCES principal (id),
    CONSTRAINT uq_access_token_digest UNIQUE (digest)
);

CREATE INDEX ix_access_token_principal ON access_token (principal_id) WHERE revoked_at is null;

CREATE TABLE job (
    id BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT,
    application_id BIGINT,
    payload TEXT NOT NULL,
    origin VARCHAR(16) NOT NULL,
    origin_id BIGINT,
    priority INTEGER NOT NULL,
    reference BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(96),
    purpose VARCHAR(8) NOT NULL,
    attempts INTEGER NOT NULL,
    resyncs INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    status INTEGER,
    status_word INTEGER,
    answer TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT fk_job_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_job_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_job_application_id FOREIGN KEY(application_id) REFERENCES card_application (id)
);

CREATE INDEX ix_job_card ON job (iccid, id);

CREATE INDEX ix_job_due ON job (due_at) WHERE state NOT IN ('APPLIED', 'FAILED', 'CANCELLED', 'EXPIRED', 'SUPERSEDED');

CREATE INDEX ix_job_ready ON job (priority, id) WHERE state IN ('QUEUED', 'AUDIT') AND due_at = deadline;

CREATE UNIQUE INDEX uq_job_lane ON job (iccid) WHERE state IN ('SUBMITTED', 'RETRY_WAIT');

CREATE TABLE leave_day (
    member_id BIGINT NOT NULL,
    day DATE NOT NULL,
    CONSTRAINT pk_leave_day PRIMARY KEY (member_id, day),
    CONSTRAINT fk_leave_day_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

CREATE TABLE principal_role (
    principal_id BIGINT NOT NULL,
    role VARCHAR(2) NOT NULL,
    CONSTRAINT pk_principal_role PRIMARY KEY (principal_id, role),
    CONSTRAINT fk_principal_role_principal_id FOREIGN KEY(principal_id) REFERENCES principal (id)
);

CREATE TABLE purse_closing (
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    closing_fen BIGINT NOT NULL,
    read_up_to BIGINT NOT NULL,
    CONSTRAINT pk_purse_closing PRIMARY KEY (iccid, enterprise_id),
    CONSTRAINT fk_purse_closing_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_purse_closing_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id),
    CONSTRAINT fk_purse_closing_run_id FOREIGN KEY(run_id) REFERENCES statement_run (id)
);

CREATE TABLE statement (
    id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    enterprise_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    period VARCHAR(7) NOT NULL,
    state VARCHAR(12) NOT NULL,
    reason VARCHAR(24),
    text VARCHAR(640),
    segments INTEGER NOT NULL,
    message BIGINT,
    delivered BIGINT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (id),
    CONSTRAINT fk_statement_run_id FOREIGN KEY(run_id) REFERENCES statement_run (id),
    CONSTRAINT fk_statement_member_id FOREIGN KEY(member_id) REFERENCES member (id),
    CONSTRAINT fk_statement_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE UNIQUE INDEX uq_statement_run_member ON statement (run_id, member_id);

CREATE TABLE statement_opt_out (
    member_id BIGINT NOT NULL,
    kind VARCHAR(12) NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_statement_opt_out PRIMARY KEY (member_id, kind),
    CONSTRAINT fk_statement_opt_out_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

CREATE TABLE tap (
    application_id BIGINT NOT NULL,
    counter INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    terminal VARCHAR(20) NOT NULL,
    amount_fen BIGINT,
    card_balance_fen BIGINT,
    tac BYTEA,
    occurred_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    origin VARCHAR(72) NOT NULL,
    CONSTRAINT pk_tap PRIMARY KEY (application_id, counter),
    CONSTRAINT ck_tap_counter_as_on_the_card CHECK (counter > 0 and counter <= 65535),
    CONSTRAINT fk_tap_application_id FOREIGN KEY(application_id) REFERENCES card_application (id)
);

CREATE TABLE attendance_event (
    id BIGINT NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    counter INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    occurred_at BIGINT NOT NULL,
    CONSTRAINT pk_attendance_event PRIMARY KEY (id),
    CONSTRAINT fk_attendance_event_application_id_counter FOREIGN KEY(application_id, counter) REFERENCES tap (application_id, counter),
    CONSTRAINT fk_attendance_event_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_attendance_event_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE INDEX ix_attendance_event_card ON attendance_event (iccid, enterprise_id, kind, occurred_at);

CREATE UNIQUE INDEX uq_attendance_event_counter ON attendance_event (application_id, counter);

CREATE TABLE card_transaction (
    id BIGINT NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    enterprise_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    counter INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    amount_fen BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    reason VARCHAR(16),
    booking BIGINT,
    undoes INTEGER,
    CONSTRAINT pk_card_transaction PRIMARY KEY (id),
    CONSTRAINT fk_card_transaction_application_id_counter FOREIGN KEY(application_id, counter) REFERENCES tap (application_id, counter),
    CONSTRAINT ck_card_transaction_amount_positive CHECK (amount_fen > 0),
    CONSTRAINT fk_card_transaction_iccid FOREIGN KEY(iccid) REFERENCES card (iccid),
    CONSTRAINT fk_card_transaction_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES enterprise (id)
);

CREATE INDEX ix_card_transaction_disputed ON card_transaction (iccid) WHERE state IN ('DISPUTED');

CREATE INDEX ix_card_transaction_purse ON card_transaction (iccid, enterprise_id, kind, booking, occurred_at, amount_fen);

CREATE UNIQUE INDEX uq_card_transaction_counter ON card_transaction (application_id, counter);

CREATE UNIQUE INDEX uq_card_transaction_undoes ON card_transaction (application_id, undoes) WHERE undoes IS NOT NULL;

CREATE TABLE job_event (
    id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event VARCHAR(24) NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(96),
    CONSTRAINT pk_job_event PRIMARY KEY (id),
    CONSTRAINT fk_job_event_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);

CREATE INDEX ix_job_event_job ON job_event (job_id);

CREATE TABLE packet (
    id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    purpose VARCHAR(8) NOT NULL,
    iccid VARCHAR(20) NOT NULL,
    msisdn VARCHAR(15) NOT NULL,
    priority INTEGER NOT NULL,
    key_index INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    counter BIGINT NOT NULL,
    tar INTEGER NOT NULL,
    spi INTEGER NOT NULL,
    kic INTEGER NOT NULL,
    kid INTEGER NOT NULL,
    challenge BYTEA,
    octets BYTEA,
    commands INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    state VARCHAR(10) NOT NULL,
    fenced INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    not_before BIGINT,
    status INTEGER,
    message_id VARCHAR(72),
    receipt VARCHAR(12),
    receipt_error VARCHAR(12),
    por_status INTEGER,
    handed_at BIGINT NOT NULL,
    answered_at BIGINT,
    receipt_at BIGINT,
    por_at BIGINT,
    CONSTRAINT pk_packet PRIMARY KEY (id),
    CONSTRAINT fk_packet_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);

CREATE INDEX ix_packet_job ON packet (job_id);

CREATE INDEX ix_packet_message_id ON packet (message_id) WHERE receipt is null and message_id is not null;

CREATE INDEX ix_packet_open ON packet (iccid) WHERE por_status is null;

CREATE INDEX ix_packet_queued ON packet (priority, id) WHERE state IN ('QUEUED');

CREATE UNIQUE INDEX uq_packet_counter ON packet (iccid, key_index, generation, counter);

CREATE TABLE posting (
    id BIGINT NOT NULL,
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
