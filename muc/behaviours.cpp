#include "muc/behaviours.h"

#include "muc/admin.h"
#include "muc/description.h"
#include "muc/disco.h"
#include "muc/ghosts.h"
#include "muc/lock.h"
#include "muc/members_only.h"
#include "muc/moderated.h"
#include "muc/nickname.h"
#include "muc/occupant_id.h"
#include "muc/owner.h"
#include "muc/pace.h"
#include "muc/password.h"
#include "muc/persistent.h"
#include "muc/self_ping.h"
#include "muc/subject.h"
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
  add_subject(environment);
  add_self_ping(environment);
  add_admin(environment);
  add_owner(environment);
  add_disco(environment);
}

}  // namespace muc
