-- sallyport sessions search principal:agent-7 type:call
SELECT event_id, time, service, operation, resources, decision, ending
FROM sallyport_calls
WHERE subject = 'agent-7' OR principal_arn = 'agent-7' OR source_identity = 'agent-7' OR contains(acting_for, 'agent-7')
ORDER BY time DESC
LIMIT 100
