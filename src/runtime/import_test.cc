// import.string, import.file, import.http: modules.md 3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::printed;
using testing::Rig;

constexpr const char* kLib = R"(declare "one" {
  toy.sum "s" { value = 1 }
  export "n" { value = toy.sum.s.sum }
}
)";
constexpr const char* kTwo = R"(declare "one" {
  toy.sum "s" { value = 2 }
  export "n" { value = toy.sum.s.sum }
}
)";
constexpr const char* kUse = "import.file \"lib\" { filename = \"lib.alloy\" }\nlib.one \"x\" { }\n";

class Import : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(rig_.files->write_file_atomically(path, text, 0644, false));
  }
  Rig rig_;
};

TEST_F(Import, AString) {
  rig_.run(
      "import.string \"lib\" { content = \"declare \\\"m\\\" {\\n toy.sum \\\"s\\\" { value = 4 }\\n}\" }\n"
      "lib.m \"x\" { }\n");
  EXPECT_EQ(rig_.exported("lib.m.x/toy.sum.s", "sum"), "4");
  const auto views = rig_.controller->list("");
  ASSERT_EQ(views.size(), 1U) << "imports are not listed";
  EXPECT_EQ(views[0].name, "lib.m");
  EXPECT_EQ(views[0].local_id, "lib.m.x");
}

TEST_F(Import, AStringThatComesFromAComponentIsFollowed) {
  rig_.run(
      "toy.echo \"text\" { input = \"declare \\\"m\\\" {\\n export \\\"n\\\" { value = 1 }\\n}\" }\n"
      "import.string \"lib\" { content = toy.echo.text.output }\n"
      "lib.m \"x\" { }\ntoy.sum \"s\" { inputs = [lib.m.x.n] }\n");
  EXPECT_EQ(rig_.exported("toy.sum.s", "sum"), "1");
}

TEST_F(Import, AFileIsFollowed) {
  write("lib.alloy", kLib);
  rig_.run(kUse);
  EXPECT_EQ(rig_.exported("lib.one.x", "n"), "1");
  write("lib.alloy", kTwo);
  rig_.toys.take_events();
  rig_.loop.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig_.exported("lib.one.x", "n"), "2");
  EXPECT_THAT(rig_.toys.take_events(), ElementsAre("update lib.one.x/toy.sum.s"));
}

TEST_F(Import, TheLastGoodContentStays) {
  write("lib.alloy", kLib);
  rig_.run(kUse);
  rig_.toys.take_events();
  for (const char* bad : {"declare \"one\" {", "toy.sum \"s\" { }", "declare \"one\" { one \"x\" { } }"}) {
    write("lib.alloy", bad);
    rig_.loop.advance(std::chrono::minutes(2));
    EXPECT_EQ(rig_.exported("lib.one.x", "n"), "1");
    EXPECT_TRUE(
        rig_.metric_line("invar_component_controller_running_components{controller_id=\"\",controller_path="
                         "\"/\",health_type=\"unhealthy\"} 1"))
        << rig_.metrics_page();
  }
  EXPECT_THAT(rig_.toys.take_events(), IsEmpty());
  // A reload goes on with it, too.
  write("lib.alloy", "nonsense");
  EXPECT_TRUE(rig_.reload(std::string(kUse) + "toy.sum \"more\" { }\n").applied);
  EXPECT_EQ(rig_.exported("lib.one.x", "n"), "1");
  write("lib.alloy", kTwo);
  rig_.loop.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig_.exported("lib.one.x", "n"), "2");
}

TEST_F(Import, AFailedOneIsTriedAgainByAReload) {
  rig_.run("toy.sum \"s\" { }\n");
  EXPECT_FALSE(rig_.reload(kUse).diagnostics.empty());
  write("lib.alloy", kLib);
  EXPECT_TRUE(rig_.reload(kUse).diagnostics.empty());
  EXPECT_EQ(rig_.exported("lib.one.x", "n"), "1");
}

TEST_F(Import, WhatIsWrongIsSaidAtTheImport) {
  EXPECT_THAT(printed(rig_.load(kUse).diagnostics),
              HasSubstr("main.alloy:1:1: Failed to evaluate node for config block: stat lib.alloy: no such "
                        "file or directory"));
  write("lib.alloy", "declare \"one\" { }\nlogging { }\n");
  EXPECT_THAT(
      printed(rig_.load(kUse).diagnostics),
      HasSubstr("lib.alloy:2:1: only declare and import blocks are allowed in a module, got logging (in "
                "import.file.lib at main.alloy:1:1)"));
  write("lib.alloy", "declare \"other\" { }\n");
  EXPECT_THAT(
      printed(rig_.load(kUse).diagnostics),
      HasSubstr(
          "main.alloy:2:1: Failed to build component: custom component config not found in the registry, "
          "namespace: \"lib\", componentName: \"one\""));
}

TEST_F(Import, ADirectoryIsOneModuleAndKnowsItsPath) {
  ASSERT_TRUE(rig_.files->make_directories("mods"));
  write("mods/a.alloy", "declare \"path\" {\n inner \"i\" { }\n export \"p\" { value = inner.i.p }\n}\n");
  write("mods/b.alloy", "declare \"inner\" {\n export \"p\" { value = module_path }\n}\n");
  rig_.run(
      "import.file \"lib\" { filename = \"mods\" }\nlib.path \"x\" { }\ntoy.echo \"e\" { input = "
      "lib.path.x.p }\n");
  EXPECT_EQ(rig_.exported("toy.echo.e", "output"), "\"mods\"");
}

TEST_F(Import, MayImportItself) {
  ASSERT_TRUE(rig_.files->make_directories("mods"));
  write("mods/a.alloy",
        "import.file \"b\" { filename = module_path + \"/b.alloy\" }\n"
        "declare \"m\" {\n b.one \"o\" { }\n export \"n\" { value = b.one.o.n }\n}\n");
  write("mods/b.alloy", kLib);
  const std::string use = "import.file \"a\" { filename = \"mods/a.alloy\" }\na.m \"x\" { }\n";
  rig_.run(use);
  EXPECT_EQ(rig_.exported("a.m.x", "n"), "1");
  write("mods/b.alloy", kTwo);
  rig_.loop.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig_.exported("a.m.x", "n"), "2");
  EXPECT_THAT(printed(rig_.reload(use + "b.one \"y\" { }\n").diagnostics),
              HasSubstr("cannot find the definition of component name \"b.one\""));
}

TEST_F(Import, ThatNeverEndsIsRefused) {
  write("a.alloy", "import.file \"b\" { filename = \"b.alloy\" }\n");
  write("b.alloy", "import.file \"a\" { filename = \"./a.alloy\" }\n");
  EXPECT_THAT(printed(rig_.load("import.file \"a\" { filename = \"a.alloy\" }\n").diagnostics),
              HasSubstr("the content imports itself"));
}

TEST_F(Import, SeesNothingOfTheImporter) {
  write("lib.alloy", "declare \"one\" {\n mine \"x\" { }\n}\n");
  EXPECT_THAT(printed(rig_.load(std::string("declare \"mine\" { }\n") + kUse).diagnostics),
              HasSubstr("lib.alloy:2:2: cannot find the definition of component name \"mine\""));
}

TEST_F(Import, InsideADeclareBelongsToEachInstance) {
  write("lib.alloy", kLib);
  rig_.run(
      "declare \"m\" {\n import.file \"lib\" { filename = \"lib.alloy\" }\n lib.one \"o\" { }\n"
      " export \"n\" { value = lib.one.o.n }\n}\nm \"x\" { }\ntoy.sum \"s\" { inputs = [m.x.n] }\n");
  write("lib.alloy", kTwo);
  rig_.loop.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig_.exported("toy.sum.s", "sum"), "2");
}

TEST_F(Import, IsSeenByTheBodiesOfDeclares) {
  write("lib.alloy", kLib);
  rig_.run(
      "import.file \"lib\" { filename = \"lib.alloy\" }\ndeclare \"m\" {\n lib.one \"o\" { }\n"
      " export \"n\" { value = lib.one.o.n }\n}\nm \"x\" { }\ntoy.sum \"s\" { inputs = [m.x.n] }\n");
  write("lib.alloy", kTwo);
  rig_.loop.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig_.exported("toy.sum.s", "sum"), "2");
}

TEST_F(Import, TwoOfOneNameAreRefused) {
  EXPECT_THAT(
      printed(rig_.load("declare \"lib\" { }\nimport.string \"lib\" { content = \"\" }\n").diagnostics),
      HasSubstr("main.alloy:2:1: \"lib\" is already the name of declare.lib at main.alloy:1:1"));
}

}  // namespace
}  // namespace invar::runtime
