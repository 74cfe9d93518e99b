-- sallyport sessions search plain type:call
SELECT event_id, time, subject, operation, parameters
FROM sallyport_calls
WHERE parameters LIKE '%plain%' OR user_agent LIKE '%plain%' OR path LIKE '%plain%' OR reason LIKE '%plain%'
  OR sql_text LIKE '%plain%' OR sql_normalized LIKE '%plain%'
ORDER BY time DESC
LIMIT 100
