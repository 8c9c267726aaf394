#include "xml/expat_handlers.h"

#include <algorithm>

namespace xml {
namespace {

ExpatEvents& events_of(void* data) { return *static_cast<ExpatEvents*>(data); }

void start(void* data, const char* name, const char** attributes) { events_of(data).on_start(name, attributes); }
void end(void* data, const char* name) { events_of(data).on_end(name); }
void text(void* data, const char* bytes, int length) {
  events_of(data).on_text({bytes, static_cast<std::size_t>(length)});
}
void ns(void* data, const char* prefix, const char* uri) { events_of(data).on_namespace(prefix, uri); }
void declaration(void* data, const char*, const char* encoding, int) { events_of(data).on_encoding(encoding); }
void cdata(void* data) { events_of(data).on_cdata(); }
void comment(void* data, const char*) { events_of(data).on_restricted(); }
void instruction(void* data, const char*, const char*) { events_of(data).on_restricted(); }
void doctype(void* data, const char*, const char*, const char*, int) { events_of(data).on_restricted(); }
void entity(void* data, const char*, int, const char*, int, const char*, const char*, const char*, const char*) {
  events_of(data).on_restricted();
}

}  // namespace

void report_to(ExpatParser& parser, ExpatEvents& events) {
  XML_Parser p = parser.handle();
  XML_SetUserData(p, &events);
  XML_SetElementHandler(p, start, end);
  XML_SetCharacterDataHandler(p, text);
  XML_SetStartNamespaceDeclHandler(p, ns);
  XML_SetXmlDeclHandler(p, declaration);
  XML_SetStartCdataSectionHandler(p, cdata);
  XML_SetCommentHandler(p, comment);
  XML_SetProcessingInstructionHandler(p, instruction);
  XML_SetStartDoctypeDeclHandler(p, doctype);
  XML_SetEntityDeclHandler(p, entity);
}

Fault fault_of(XML_Error error) {
  switch (error) {
    case XML_ERROR_UNBOUND_PREFIX:
    case XML_ERROR_UNDECLARING_PREFIX:
    case XML_ERROR_RESERVED_PREFIX_XML:
    case XML_ERROR_RESERVED_PREFIX_XMLNS:
    case XML_ERROR_RESERVED_NAMESPACE_URI: return Fault::bad_namespace_prefix;
    case XML_ERROR_UNDEFINED_ENTITY: return Fault::restricted_xml;
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING: return Fault::unsupported_encoding;
    default: return Fault::not_well_formed;
  }
}

bool names_utf8(std::string_view encoding) {
  constexpr std::string_view kName = "utf-8";
  return std::ranges::equal(encoding, kName, {}, [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
}

}  // namespace xml
