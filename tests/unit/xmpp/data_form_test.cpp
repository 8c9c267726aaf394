#include "xmpp/data_form.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "parse.h"
#include "xml/writer.h"

namespace xmpp {
namespace {

base::Result<DataForm, StanzaError> read(const std::string& inside, const std::string& type = "submit") {
  return DataForm::parse(parsed("<x xmlns='jabber:x:data' type='" + type + "'>" + inside + "</x>").root());
}
std::string field(const std::string& var, const std::string& value) {
  return "<field var='" + var + "'><value>" + value + "</value></field>";
}

TEST(DataForm, ReadsASubmission) {
  const auto form = read(field("FORM_TYPE", "urn:a") + field("with", "juliet@example.org") + field("on", "1") +
                         "<field var='ids'><value>1</value><value>2</value></field><field var='none'/>"
                         "<field type='fixed'><value>read me</value></field><other xmlns='urn:o'/>");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->type(), FormType::submit);
  EXPECT_EQ(form->form_type(), "urn:a");
  EXPECT_EQ(form->fields().size(), 5u);
  EXPECT_EQ(form->value("with").value(), "juliet@example.org");
  EXPECT_EQ(form->jid("with").value()->local(), "juliet");
  EXPECT_EQ(form->boolean("on").value(), true);
  EXPECT_EQ(form->values("ids"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(form->has("none"));
  EXPECT_EQ(form->value("none").value(), std::nullopt);
  EXPECT_EQ(form->value("absent").value(), std::nullopt);
  EXPECT_TRUE(form->values("absent").empty());
}

TEST(DataForm, RefusesWhatIsNoForm) {
  EXPECT_FALSE(read("", "query"));
  EXPECT_FALSE(read("", ""));
  EXPECT_FALSE(DataForm::parse(parsed("<x xmlns='urn:x' type='submit'/>").root()));
  EXPECT_FALSE(read("<field><value>1</value></field>"));
  EXPECT_FALSE(read(field("a", "1") + field("a", "2")));
  std::string many;
  for (int i = 0; i < 257; ++i) many += field("f" + std::to_string(i), "");
  EXPECT_FALSE(read(many));
}

TEST(DataForm, RefusesValuesOfAnotherType) {
  const auto form = read(field("flag", "yes") + field("jid", "@") + field("empty", "") +
                         "<field var='two'><value>1</value><value>1</value></field>");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->boolean("flag").error().condition, Condition::bad_request);
  EXPECT_EQ(form->boolean("empty").error().condition, Condition::bad_request);
  EXPECT_EQ(form->jid("jid").error().condition, Condition::jid_malformed);
  EXPECT_EQ(form->value("two").error().condition, Condition::bad_request);
  for (const auto& [text, on] : {std::pair{"true", true}, {"1", true}, {"false", false}, {"0", false}}) {
    EXPECT_EQ(read(field("f", text))->boolean("f").value(), on) << text;
  }
}

TEST(DataForm, WritesAForm) {
  xml::Document query("urn:q", "query");
  add_form(query.root(), FormType::form, "urn:a",
           {{.var = "with", .type = FieldType::jid_single},
            {.var = "pick",
             .type = FieldType::list_single,
             .values = {"b"},
             .label = "Pick & choose",
             .options = {{"A", "a"}, {"", "b"}},
             .required = true},
            {.var = "number", .values = {"3"}, .range = FormField::Range{.min = 0, .max = 9}}})
      .add_text_child("title", "T");
  EXPECT_EQ(xml::to_string(query.root()),
            "<query xmlns='urn:q'><x xmlns='jabber:x:data' type='form'>"
            "<field var='FORM_TYPE' type='hidden'><value>urn:a</value></field><field var='with' type='jid-single'/>"
            "<field var='pick' type='list-single' label='Pick &amp; choose'><required/><value>b</value>"
            "<option label='A'><value>a</value></option><option><value>b</value></option></field>"
            "<field var='number' type='text-single'><validate xmlns='http://jabber.org/protocol/xdata-validate' "
            "datatype='xs:integer'>"
            "<range min='0' max='9'/></validate><value>3</value></field>"
            "<title>T</title></x></query>");
}

}  // namespace
}  // namespace xmpp
