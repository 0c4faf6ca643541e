# Puts style and script into the flame graph page and writes it as C++: cmake -D PAGE=index.html -D BUNDLES=FOLDER -P this.
# FOLDER has style.css and main.js and gets flame.html and flame_page.cc. The page is one file without any reference to
# another; the mark /*profile*/ stands where the program puts a profile.
file(READ ${PAGE} page)
file(READ ${BUNDLES}/style.css style)
file(READ ${BUNDLES}/main.js script)
string(REPLACE "</script" "<\\/script" script "${script}")
string(REPLACE "/*style*/" "${style}" page "${page}")
string(REPLACE "/*script*/" "${script}" page "${page}")
file(WRITE ${BUNDLES}/flame.html "${page}")

string(REPLACE "/*profile*/" ")UI\";\nconst std::string_view kPageAfter = R\"UI(" page "${page}")
file(WRITE ${BUNDLES}/flame_page.cc "// Written by cmake/write_flame_page.cmake.
#include \"flame/page_text.h\"

namespace invar::flame {
const std::string_view kPageBefore = R\"UI(${page})UI\";
}  // namespace invar::flame
")
