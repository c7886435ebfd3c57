// Tokens of a text, as lines that a test can compare.
#pragma once

#include <string>
#include <vector>

#include "engine/config/lexer.h"

namespace dunlin::config {

inline const char* NameOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kError: return "error";
    case TokenKind::kEnd: return "end";
    case TokenKind::kComment: return "comment";
    case TokenKind::kKey: return "key";
    case TokenKind::kString: return "string";
    case TokenKind::kBool: return "bool";
    case TokenKind::kInteger: return "integer";
    case TokenKind::kFloat: return "float";
    case TokenKind::kDateTime: return "date";
    case TokenKind::kVariable: return "variable";
    case TokenKind::kInclude: return "include";
    case TokenKind::kArrayStart: return "[";
    case TokenKind::kArrayEnd: return "]";
    case TokenKind::kMapStart: return "{";
    case TokenKind::kMapEnd: return "}";
  }
  return "?";
}

using Tokens = std::vector<std::string>;

// Each token as 'LINE:COLUMN kind text', without the final 'end'.
inline Tokens Lex(std::string_view text) {
  Tokens tokens;
  Lexer lexer(text);
  for (;;) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd) return tokens;
    std::string shown =
        std::to_string(token.line) + ':' + std::to_string(token.column) + ' ' + NameOf(token.kind);
    if (!token.text.empty()) shown += ' ' + token.text;
    tokens.push_back(std::move(shown));
    if (token.kind == TokenKind::kError) return tokens;
  }
}

// The tokens after a key 'foo' at the start of the text.
inline Tokens AfterFoo(Tokens rest) {
  rest.insert(rest.begin(), "1:0 key foo");
  return rest;
}

}  // namespace dunlin::config
