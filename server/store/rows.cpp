#include "store/rows.h"

#include <utility>

namespace store {

template <class Kind>
  requires kIsKindOf<Kind, AnyRow>
Row::Row(Kind kind) : AnyRow(std::in_place_type<Kind>, std::move(kind)) {}

Row::Row(const Row& other) = default;
Row::Row(Row&& other) noexcept = default;
Row& Row::operator=(const Row& other) = default;
Row& Row::operator=(Row&& other) noexcept = default;
Row::~Row() = default;

template Row::Row(AccountPut);
template Row::Row(AccountDelete);
template Row::Row(RosterPut);
template Row::Row(RosterDelete);
template Row::Row(RosterVersionPut);
template Row::Row(SubscriptionRequestPut);
template Row::Row(SubscriptionRequestDelete);
template Row::Row(BlockPut);
template Row::Row(BlockDelete);
template Row::Row(PrivatePut);
template Row::Row(PrivateDelete);
template Row::Row(VcardPut);
template Row::Row(VcardDelete);
template Row::Row(ArchivePut);
template Row::Row(ArchiveReplace);
template Row::Row(ArchiveExpire);
template Row::Row(ArchiveTrim);
template Row::Row(ArchiveLimitPut);
template Row::Row(ArchivePrefsPut);
template Row::Row(OfflinePut);
template Row::Row(OfflineDelete);
template Row::Row(SpoolPut);
template Row::Row(SpoolDelete);
template Row::Row(PinPut);
template Row::Row(PinDelete);
template Row::Row(LastActivityPut);
template Row::Row(SmMarkPut);
template Row::Row(SmMarkDelete);
template Row::Row(SmMarkExpire);
template Row::Row(RoomPut);
template Row::Row(RoomDelete);
template Row::Row(RoomsForget);
template Row::Row(RoomAffiliationPut);
template Row::Row(RoomAffiliationDelete);
template Row::Row(RoomChangePut);
template Row::Row(TokenIssued);
template Row::Row(TokenExpire);
template Row::Row(UploadPut);
template Row::Row(UploadWithdraw);
template Row::Row(UploadMention);
template Row::Row(UploadRetract);
template Row::Row(UploadDelete);

}  // namespace store
