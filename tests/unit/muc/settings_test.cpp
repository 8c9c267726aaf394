// The configuration form (XEP-0045 10.1.3, 16.5.3), and a room's values as the store has them.
#include "muc/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "xml/writer.h"

namespace muc {
namespace {

constexpr std::string_view kDataForms = "jabber:x:data";

struct Given {
  std::string var;
  Texts values;
};

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    open_ = fields_.add<bool>({.var = "open", .label = "Open", .of_service = [](const router::RoomService& service) {
                                 return Value(service.persistent);
                               }});
    name_ = fields_.add<std::string>(
        {.var = "name",
         .label = "Name",
         .type = xmpp::FieldType::text_single,
         .otherwise = std::string("hall"),
         .accepts = [](const Value& value) { return std::get<std::string>(value).size() <= 5; }});
    who_ = fields_.add<std::string>({.var = "who",
                                     .label = "Who",
                                     .type = xmpp::FieldType::list_single,
                                     .otherwise = std::string("anyone"),
                                     .options = {{"Anyone", "anyone"}, {"Nobody", "nobody"}}});
    tags_ = fields_.add<Texts>(
        {.var = "tags", .label = "Tags", .type = xmpp::FieldType::text_multi, .otherwise = Texts{"a"}});
    hidden_ = fields_.add<std::string>({.var = "hidden", .label = "", .otherwise = std::string(), .in_form = false});
  }

  std::vector<Value> defaults(bool persistent = false) const {
    router::RoomService service;
    service.persistent = persistent;
    return fields_.defaults(service);
  }

  auto submit(const std::vector<Given>& given, std::string_view form_type = "") const {
    xml::Document x(kDataForms, "x");
    x.root().set_attr("type", "submit");
    if (!form_type.empty()) {
      xml::Element& field = x.root().add("field").set_attr("var", "FORM_TYPE");
      field.add_text_child("value", form_type);
    }
    for (const Given& one : given) {
      xml::Element& field = x.root().add("field").set_attr("var", one.var);
      for (const std::string& value : one.values) field.add_text_child("value", value);
    }
    return fields_.submitted(*xmpp::DataForm::parse(x.root()), defaults());
  }

  Fields fields_;
  Field<bool> open_;
  Field<std::string> name_, who_, hidden_;
  Field<Texts> tags_;
};

TEST_F(SettingsTest, ANewRoomHasDefaultsOrWhatTheServiceSays) {
  const std::vector<Value> values = defaults();
  EXPECT_FALSE(std::get<bool>(values[open_.index]));
  EXPECT_EQ(std::get<std::string>(values[name_.index]), "hall");
  EXPECT_EQ(std::get<Texts>(values[tags_.index]), Texts{"a"});
  EXPECT_TRUE(std::get<bool>(defaults(true)[open_.index]));
}

TEST_F(SettingsTest, TheFormShowsAllButWhatIsHidden) {
  xml::Document query("http://jabber.org/protocol/muc#owner", "query");
  fields_.add_form(query.root(), defaults());
  const xml::Element* x = query.root().child(kDataForms, "x");
  ASSERT_NE(x, nullptr);
  std::vector<std::string> vars;
  for (const xml::Element& field : xml::children(*x)) vars.emplace_back(field.attr("var"));
  EXPECT_EQ(vars, (std::vector<std::string>{"FORM_TYPE", "open", "name", "who", "tags"}));
}

TEST_F(SettingsTest, WhatAFormLeavesOutStays) {
  const auto values = submit({{"open", {"true"}}, {"unknown", {"1"}}}, "http://jabber.org/protocol/muc#roomconfig");
  ASSERT_TRUE(values);
  EXPECT_TRUE(std::get<bool>((*values)[open_.index]));
  EXPECT_EQ(std::get<std::string>((*values)[name_.index]), "hall");
}

TEST_F(SettingsTest, WhatIsHiddenCantBeSubmitted) {
  const auto values = submit({{"hidden", {"mine"}}});
  ASSERT_TRUE(values);
  EXPECT_EQ(std::get<std::string>((*values)[hidden_.index]), "");
}

TEST_F(SettingsTest, OtherValuesAreNotAcceptable) {
  const std::vector<Given> kBad{
      {"open", {}},
      {"open", {"yes"}},
      {"open", {"1", "0"}},
      {"open", {""}},
      {"name", {"a", "b"}},
      {"name", {"too long"}},
      {"who", {"moderators"}},
      {"who", {"Anyone"}},
      {"who", {"anyone", "nobody"}},
  };
  for (const Given& bad : kBad) {
    const auto values = submit({{"tags", {"x"}}, bad});
    ASSERT_FALSE(values) << bad.var;
    EXPECT_EQ(values.error().condition, xmpp::Condition::not_acceptable) << bad.var;
  }
}

TEST_F(SettingsTest, AListMayHaveOtherValuesBesideItsOptions) {
  Fields fields;
  const auto most =
      fields.add<std::string>({.var = "most",
                               .label = "Most",
                               .type = xmpp::FieldType::list_single,
                               .otherwise = std::string("7"),
                               .options = {{"10", "10"}},
                               .accepts = [](const Value& value) { return std::get<std::string>(value).size() <= 2; },
                               .others = true});
  const std::vector<Value> values = fields.defaults(router::RoomService());
  EXPECT_EQ(fields.from_text(fields.to_text(values), {Value(std::string("10"))}), values);
  xml::Document query("http://jabber.org/protocol/muc#owner", "query");
  fields.add_form(query.root(), values);
  const std::string form = xml::to_string(query.root());
  EXPECT_TRUE(form.contains("<option label='7'><value>7</value></option>")) << form;
  for (const auto& [given, taken] : {std::pair("99", true), {"10", true}, {"100", false}}) {
    xml::Document x(kDataForms, "x");
    x.root().set_attr("type", "submit");
    x.root().add("field").set_attr("var", "most").add_text_child("value", given);
    const auto submitted = fields.submitted(*xmpp::DataForm::parse(x.root()), values);
    EXPECT_EQ(submitted.has_value(), taken) << given;
    if (submitted) {
      EXPECT_EQ(std::get<std::string>((*submitted)[most.index]), given);
    }
  }
}

TEST_F(SettingsTest, AnotherFormIsABadRequest) {
  const auto values = submit({}, "http://jabber.org/protocol/muc#register");
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().condition, xmpp::Condition::bad_request);
}

TEST_F(SettingsTest, TextAndBack) {
  std::vector<Value> values = defaults();
  values[open_.index] = true;
  values[name_.index] = "<&'>";
  values[who_.index] = "nobody";
  values[tags_.index] = Texts{"one", "", "two\nlines"};
  values[hidden_.index] = "0123";
  EXPECT_EQ(fields_.from_text(fields_.to_text(values), defaults()), values);
  values[tags_.index] = Texts{};
  EXPECT_EQ(fields_.from_text(fields_.to_text(values), defaults()), values);
}

// Behaviours come and go between two versions of the server.
TEST_F(SettingsTest, WhatIsUnknownOrNoLongerFitsIsTheDefault) {
  EXPECT_EQ(fields_.from_text("", defaults()), defaults());
  EXPECT_EQ(fields_.from_text("no xml", defaults()), defaults());
  Fields other;
  other.add<std::string>({.var = "open", .label = "", .otherwise = std::string("maybe")});
  other.add<std::string>({.var = "gone", .label = "", .otherwise = std::string("1")});
  other.add<std::string>({.var = "who", .label = "", .otherwise = std::string("friends")});
  other.add<std::string>({.var = "name", .label = "", .otherwise = std::string("walls")});
  std::vector<Value> expected = defaults();
  expected[name_.index] = "walls";
  EXPECT_EQ(fields_.from_text(other.to_text(other.defaults(router::RoomService())), defaults()), expected);
}

}  // namespace
}  // namespace muc
