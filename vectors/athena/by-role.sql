-- sallyport sessions search role:agent effect:deny
SELECT event_id, time, subject, operation, denial, reason
FROM sallyport_calls
WHERE (role = 'agent' OR role_arn = 'agent') AND decision = 'deny'
ORDER BY time DESC
LIMIT 100
