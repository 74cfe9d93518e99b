-- sallyport sessions search approval:R1
SELECT event_id, time, operation, subject, ending
FROM sallyport_events
WHERE kind <> 'outcome' AND approval = 'R1'
ORDER BY time DESC
LIMIT 100
