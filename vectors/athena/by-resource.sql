-- sallyport sessions search resource:arn:aws:s3:::agent* -effect:deny
SELECT DISTINCT event_id, time, subject, resource
FROM sallyport_calls
CROSS JOIN UNNEST(resources) AS each (resource)
WHERE resource LIKE 'arn:aws:s3:::agent%' AND decision <> 'deny'
ORDER BY time DESC
LIMIT 100
