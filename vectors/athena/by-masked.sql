-- sallyport sessions search masked:SecretString
SELECT event_id, time, subject, operation, masked_values
FROM sallyport_calls
WHERE contains(masked_places, 'SecretString')
ORDER BY time DESC
LIMIT 100
