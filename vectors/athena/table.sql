-- The table of recordings in S3, for Athena. BUCKET and PREFIX are those of `record.upload`; the range of days begins
-- where the recordings do. A file is in the day in which its first event was recorded.
CREATE EXTERNAL TABLE sallyport_events (
  kind string,
  event_id string,
  time timestamp,
  lane bigint,
  segment bigint,
  event_number bigint,
  session_id string,
  principal_arn string,
  role_arn string,
  role string,
  issuer string,
  subject string,
  source_identity string,
  acting_for array<string>,
  source_address string,
  user_agent string,
  service string,
  operation string,
  region string,
  actions array<string>,
  resources array<string>,
  decision string,
  denial string,
  reason string,
  statements array<string>,
  policies array<string>,
  approval string,
  broke_glass boolean,
  ending string,
  decision_id string,
  status bigint,
  error string,
  aws_request_id string,
  bytes_in bigint,
  bytes_out bigint,
  duration_ms bigint,
  masked_values bigint,
  masked_places array<string>,
  path string,
  parameters string,
  redacted array<string>,
  truncated boolean,
  unreadable string
)
PARTITIONED BY (day string)
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/events/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.range' = '2026-01-01,NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://BUCKET/PREFIX/events/day=${day}'
)
