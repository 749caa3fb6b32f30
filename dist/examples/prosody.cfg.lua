-- /etc/prosody/conf.d/missive.cfg.lua: the service for files of the accounts at example.org.

-- Of the whole server. With the standard, true, answers stall for 44 ms.
network_settings = { nagle = false }

Component "files.example.org"
	component_secret = "what /etc/missive/secret says"

-- A subdomain of the accounts' domain is listed by itself. For other domains, in their VirtualHost:
--	disco_items = { { "files.example.org", "Files" } }
-- and an upload service that was there before is taken out, or chance decides which one a client takes:
--	modules_disabled = { "http_file_share" }
