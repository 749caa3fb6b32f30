/* The getters and setters of live properties, by what they are about; only the table in property.c names them. */
#pragma once

#include "dav/property.h"

/* access.c */
int live_owner(const struct view *view, struct buf *out);
int live_group(const struct view *view, struct buf *out);
int live_principal_collection_set(const struct view *view, struct buf *out);
int live_current_user_principal(const struct view *view, struct buf *out);
int live_current_user_privilege_set(const struct view *view, struct buf *out);
int live_supported_privilege_set(const struct view *view, struct buf *out);
int live_principal_url(const struct view *view, struct buf *out);
int live_alternate_uri_set(const struct view *view, struct buf *out);
int live_acl(const struct view *view, struct buf *out);
int live_acl_restrictions(const struct view *view, struct buf *out);

/* jidlist.c */
int live_jidlist(const struct view *view, struct buf *out);
int live_jidlist_set(const struct view *view, const struct xml_node *value);

/* link.c */
int live_link(const struct view *view, struct buf *out);
int live_link_set(const struct view *view, const struct xml_node *value);

/* keeping.c */
int live_expires(const struct view *view, struct buf *out);
int live_expires_set(const struct view *view, const struct xml_node *value);
int live_once(const struct view *view, struct buf *out);
int live_once_set(const struct view *view, const struct xml_node *value);
int live_notify(const struct view *view, struct buf *out);
int live_notify_set(const struct view *view, const struct xml_node *value);
int live_fetches(const struct view *view, struct buf *out);

/* account.c */
int live_quota_available_bytes(const struct view *view, struct buf *out);
int live_quota_used_bytes(const struct view *view, struct buf *out);

/* sync.c */
int live_sync_token(const struct view *view, struct buf *out);
int live_supported_report_set(const struct view *view, struct buf *out);

/* times.c */
int live_win32_last_modified_time(const struct view *view, struct buf *out);
int live_win32_last_modified_time_set(const struct view *view, const struct xml_node *value);

/* checksum.c */
int live_checksums(const struct view *view, struct buf *out);
