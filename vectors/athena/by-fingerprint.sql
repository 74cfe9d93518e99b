-- sallyport sessions search target:orders fingerprint:0123abcd
SELECT event_id, time, subject, sql_database, sql_normalized, row_count
FROM sallyport_calls
WHERE sql_target = 'orders' AND sql_fingerprint = '0123abcd'
ORDER BY time DESC
LIMIT 100
