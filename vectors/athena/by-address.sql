-- sallyport sessions search address:::1 since:2026-01-02T03:05:00Z type:call
SELECT event_id, time, subject, operation
FROM sallyport_calls
WHERE source_address = '::1' AND time >= TIMESTAMP '2026-01-02 03:05:00' AND day >= '2026-01-01'
ORDER BY time DESC
LIMIT 100
