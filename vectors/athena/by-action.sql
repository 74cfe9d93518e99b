-- sallyport sessions search action:s3:Do service:s3
SELECT event_id, time, subject, resources
FROM sallyport_calls
WHERE service = 's3' AND contains(actions, 's3:Do')
ORDER BY time DESC
LIMIT 100
