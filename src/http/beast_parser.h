// Beast's HTTP parsers without an assertion of theirs that the peer can make false: of an empty chunked body, "0\r\n" may
// arrive before the line end that closes it, and the parser, asked again with less than five bytes, would abort the
// process (Boost 1.81). It is right without the assertion: it looks at no byte that has not come. Include no other
// header of beast/http. For the folder's own sources.
#pragma once

#ifdef BOOST_DISABLE_ASSERTS
#error "this header decides about the assertions of Beast's parsers alone"
#endif
#define BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
// The assertions are compiled out of what follows.
#include <boost/beast/http/basic_parser.hpp>
// Back to assertions.
#undef BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
// The rest.
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
