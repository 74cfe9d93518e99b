-- sallyport sessions search statement:Work status:5??
SELECT event_id, time, subject, operation, status
FROM sallyport_calls
WHERE (contains(statements, 'Work') OR contains(policies, 'Work')) AND status BETWEEN 500 AND 599
ORDER BY time DESC
LIMIT 100
