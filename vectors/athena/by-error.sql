-- sallyport sessions search error:SlowDown
SELECT event_id, time, subject, operation, status
FROM sallyport_calls
WHERE error = 'SlowDown'
ORDER BY time DESC
LIMIT 100
