// The certificates of all hosts: made where there are none, read again when their files change.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "certs/store.h"
#include "config.h"
#include "data_folder.h"

using CertificatesRef = base::Ref<certs::Store>;

/// One pair per host: the configured files, or certs/<domain>.crt and .key in the data folder.
std::vector<certs::Host> certificate_hosts(const Config& config, const DataFolder& data);

/// Makes a self-signed pair for every host without files of its own, then loads all; empty without hosts. Fails if any
/// pair cannot be used; logs what is merely suspicious. Any thread; blocks on disk.
base::Result<CertificatesRef> load_certificates(const Config& config, const DataFolder& data, base::WallTime now);

/// The same pairs for other servers, who may also ask for room services.
std::vector<certs::Host> federation_certificate_hosts(const Config& config, const DataFolder& data);
/// The same as load_certificates for these, after it. Other servers are asked for theirs, judged by `authorities`.
base::Result<CertificatesRef> load_federation_certificates(const Config& config, const DataFolder& data,
                                                           base::WallTime now,
                                                           base::Ref<const certs::Authorities> authorities);

/// The one pair of the token service's entrances: its own, or the first host's. None where no entrance has TLS.
std::vector<certs::Host> token_certificate_hosts(const Config& config, const DataFolder& data);
/// The same as load_certificates for these, after it. Callers are asked for certificates of theirs.
base::Result<CertificatesRef> load_token_certificates(const Config& config, const DataFolder& data, base::WallTime now);

/// The one pair of the entrances for uploads: the configured files, or certs/<domain>.crt and .key in the data folder.
/// None where no entrance has TLS.
std::vector<certs::Host> upload_certificate_hosts(const Config& config, const DataFolder& data);
/// The same as load_certificates for these.
base::Result<CertificatesRef> load_upload_certificates(const Config& config, const DataFolder& data,
                                                       base::WallTime now);

/// The next store if a file has changed, otherwise none; logs what it found. Any thread; blocks on disk.
CertificatesRef reload_changed(const CertificatesRef& current, const std::vector<certs::Host>& hosts,
                               base::WallTime now);

/// A line in the log for each certificate that expires within 30 days, an error where it is one day or none. At start
/// and at each reload the functions above do it; somebody has to do it once a day.
void warn_of_expiry(const certs::Store& served, const std::vector<certs::Host>& hosts, base::WallTime now);

/// What "certs list" answers (admin/operations.h).
nlohmann::json list_certificates(const certs::Store& served, const Config& config, const DataFolder& data);
