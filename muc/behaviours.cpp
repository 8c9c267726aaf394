#include "muc/behaviours.h"

#include "muc/activity.h"
#include "muc/admin.h"
#include "muc/affiliation_versions.h"
#include "muc/archive.h"
#include "muc/archive_retention.h"
#include "muc/avatar.h"
#include "muc/commands.h"
#include "muc/description.h"
#include "muc/disco.h"
#include "muc/ghosts.h"
#include "muc/hats.h"
#include "muc/history.h"
#include "muc/invitations.h"
#include "muc/lock.h"
#include "muc/max_users.h"
#include "muc/meeting.h"
#include "muc/member_list.h"
#include "muc/members_only.h"
#include "muc/mentions.h"
#include "muc/moderated.h"
#include "muc/nickname.h"
#include "muc/occupant_id.h"
#include "muc/owner.h"
#include "muc/owner_lists.h"
#include "muc/pace.h"
#include "muc/password.h"
#include "muc/persistent.h"
#include "muc/presence_broadcast.h"
#include "muc/presence_limit.h"
#include "muc/presence_versions.h"
#include "muc/private_messages.h"
#include "muc/registration.h"
#include "muc/self_ping.h"
#include "muc/slow_mode.h"
#include "muc/subject.h"
#include "muc/unique.h"
#include "muc/voice.h"
#include "muc/whois.h"

namespace muc {

void add_behaviours(const Environment& environment) {
  add_ghosts(environment);
  add_pace(environment);
  add_nickname(environment);
  add_lock(environment);
  add_description(environment);
  add_persistent(environment);
  add_members_only(environment);
  add_password(environment);
  add_moderated(environment);
  add_whois(environment);
  add_occupant_id(environment);
  add_hats(environment);
  add_max_users(environment);
  add_member_list(environment);
  add_private_messages(environment);
  add_presence_broadcast(environment);
  add_presence_versions(environment);
  add_presence_limit(environment);
  add_invitations(environment);
  add_registration(environment);
  add_voice(environment);
  add_unique(environment);
  add_history(environment);
  add_subject(environment);
  add_slow_mode(environment);
  add_self_ping(environment);
  add_meeting(environment);
  add_avatar(environment);
  add_admin(environment);
  add_commands(environment);
  add_affiliation_versions(environment);
  add_owner(environment);
  add_owner_lists(environment);
  add_archive(environment);
  add_archive_retention(environment);
  add_activity(environment);
  add_mentions(environment);
  add_disco(environment);
}

}  // namespace muc
