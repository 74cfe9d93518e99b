CREATE SCHEMA sallyport;
CREATE TABLE sallyport.access_requests (
    id text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    principal_key text NOT NULL COLLATE pg_catalog."C",
    role_arn text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    asked_at bigint NOT NULL,
    stands_until bigint NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE sallyport.migrations (
    version bigint NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE sallyport.request_events (
    id text NOT NULL COLLATE pg_catalog."C",
    time_ms bigint NOT NULL,
    body text NOT NULL
);
INSERT INTO sallyport.access_requests VALUES ('RXXX0000000000000000000001', '0000000000000000000000000000000000000000000000000000000000000001', 'abababababababababababababababababababababababababababababababab', 'arn:aws:iam::111122223333:role/agent', 'call', 'pending', 1800000000001, 1800003600000, 1, '{"id":"RXXX0000000000000000000001","kind":"call","digest":"0000000000000000000000000000000000000000000000000000000000000001","requester":{"arn":"arn:aws:sts::111122223333:assumed-role/agent/run-17","roleArn":"arn:aws:iam::111122223333:role/agent","account":"111122223333","sessionId":"SXXX0000000000000000000001","issuer":"github","subject":"repo:example/app","actingFor":["okta/alice"],"knownAs":["okta/alice","alice@example.com"],"principalKey":"abababababababababababababababababababababababababababababababab"},"call":{"service":"ec2","operation":"TerminateInstances","region":"eu-central-1","commandLine":"aws ec2 terminate-instances --instance-ids i-0123456789abcdef0","parameters":{"InstanceIds":["i-0123456789abcdef0"]},"pairs":[{"action":"ec2:TerminateInstances","resource":"arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0","certainty":"exact"}],"resources":[]},"demands":[{"statement":{"policy":"agent.yaml","statement":"NeedsAHuman","effect":"RequireApproval"},"from":["group/on-call"],"count":1,"validForMs":900000,"uses":3,"holdMs":30000}],"uses":3,"validForMs":900000,"askedAtMs":1800000000001,"openUntilMs":1800003600000,"state":"pending","standsUntilMs":1800003600000,"approvals":[],"version":1,"reason":"it''s \"broken\" 💥"}');
INSERT INTO sallyport.access_requests VALUES ('RXXX0000000000000000000003', '0000000000000000000000000000000000000000000000000000000000000003', 'abababababababababababababababababababababababababababababababab', 'arn:aws:iam::111122223333:role/agent', 'scope', 'pending', 1800000000003, 1800003600000, 1, '{"id":"RXXX0000000000000000000003","kind":"scope","digest":"0000000000000000000000000000000000000000000000000000000000000003","requester":{"arn":"arn:aws:sts::111122223333:assumed-role/agent/run-17","roleArn":"arn:aws:iam::111122223333:role/agent","account":"111122223333","sessionId":"SXXX0000000000000000000001","issuer":"github","subject":"repo:example/app","actingFor":["okta/alice"],"knownAs":["okta/alice","alice@example.com"],"principalKey":"abababababababababababababababababababababababababababababababab"},"demands":[{"statement":{"policy":"agent.yaml","statement":"NeedsAHuman","effect":"RequireApproval"},"from":["group/on-call"],"count":1,"validForMs":900000,"uses":3,"holdMs":30000}],"uses":3,"validForMs":900000,"askedAtMs":1800000000003,"openUntilMs":1800003600000,"state":"pending","standsUntilMs":1800003600000,"approvals":[],"version":1,"scope":{"actions":["ec2:*"],"resources":["*"]}}');
INSERT INTO sallyport.access_requests VALUES ('RXXX0000000000000000000002', '0000000000000000000000000000000000000000000000000000000000000002', 'abababababababababababababababababababababababababababababababab', 'arn:aws:iam::111122223333:role/agent', 'call', 'approved', 1800000000002, 1800000900000, 2, '{"id":"RXXX0000000000000000000002","kind":"call","digest":"0000000000000000000000000000000000000000000000000000000000000002","requester":{"arn":"arn:aws:sts::111122223333:assumed-role/agent/run-17","roleArn":"arn:aws:iam::111122223333:role/agent","account":"111122223333","sessionId":"SXXX0000000000000000000001","issuer":"github","subject":"repo:example/app","actingFor":["okta/alice"],"knownAs":["okta/alice","alice@example.com"],"principalKey":"abababababababababababababababababababababababababababababababab"},"call":{"service":"ec2","operation":"TerminateInstances","region":"eu-central-1","commandLine":"aws ec2 terminate-instances --instance-ids i-0123456789abcdef0","parameters":{"InstanceIds":["i-0123456789abcdef0"]},"pairs":[{"action":"ec2:TerminateInstances","resource":"arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0","certainty":"exact"}],"resources":[]},"demands":[{"statement":{"policy":"agent.yaml","statement":"NeedsAHuman","effect":"RequireApproval"},"from":["group/on-call"],"count":1,"validForMs":900000,"uses":3,"holdMs":30000}],"uses":3,"validForMs":900000,"askedAtMs":1800000000002,"openUntilMs":1800003600000,"state":"approved","standsUntilMs":1800000900000,"approvals":[{"by":"okta/bob","name":"Bob","atMs":1800000000000,"demands":[0]}],"version":2,"grant":{"uses":3,"usesLeft":3,"fromMs":1800000000000,"expiresAtMs":1800000900000}}');
INSERT INTO sallyport.migrations VALUES (1, 1800000000000);
INSERT INTO sallyport.request_events VALUES ('EXXX0000000000000000000001', 1800000000000, '{"id":"EXXX0000000000000000000001","timeMs":1800000000000,"requestId":"RXXX0000000000000000000001","sessionId":"SXXX0000000000000000000001","what":"asked","state":"pending"}');
INSERT INTO sallyport.request_events VALUES ('EXXX0000000000000000000002', 1800000000000, '{"id":"EXXX0000000000000000000002","timeMs":1800000000000,"requestId":"RXXX0000000000000000000002","sessionId":"SXXX0000000000000000000001","what":"asked","state":"pending"}');
INSERT INTO sallyport.request_events VALUES ('EXXX0000000000000000000003', 1800000000000, '{"id":"EXXX0000000000000000000003","timeMs":1800000000000,"requestId":"RXXX0000000000000000000003","sessionId":"SXXX0000000000000000000001","what":"asked","state":"pending"}');
INSERT INTO sallyport.request_events VALUES ('EXXX0000000000000000000004', 1800000000000, '{"id":"EXXX0000000000000000000004","timeMs":1800000000000,"requestId":"RXXX0000000000000000000002","sessionId":"SXXX0000000000000000000001","what":"approved","state":"approved","by":"okta/bob","usesLeft":3}');
ALTER TABLE ONLY sallyport.access_requests
    ADD CONSTRAINT access_requests_pkey PRIMARY KEY (id);
ALTER TABLE ONLY sallyport.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY sallyport.request_events
    ADD CONSTRAINT request_events_pkey PRIMARY KEY (id);
CREATE INDEX access_requests_by_digest ON sallyport.access_requests USING btree (digest, stands_until);
CREATE INDEX access_requests_by_role ON sallyport.access_requests USING btree (role_arn, id);
CREATE INDEX access_requests_by_state ON sallyport.access_requests USING btree (state, id);
CREATE INDEX access_requests_open ON sallyport.access_requests USING btree (stands_until) WHERE (state = ANY (ARRAY['pending'::text, 'approved'::text]));
CREATE INDEX access_requests_pending ON sallyport.access_requests USING btree (principal_key, stands_until) WHERE (state = 'pending'::text);
CREATE INDEX access_requests_scopes ON sallyport.access_requests USING btree (principal_key, role_arn, stands_until) WHERE ((kind = 'scope'::text) AND (state = 'approved'::text));
CREATE INDEX request_events_by_time ON sallyport.request_events USING btree (time_ms);
