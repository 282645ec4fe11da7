"""Configuration files as hosts and people write them, one or more a host, with everything that an edit must not lose."""

from __future__ import annotations

CLAUDE_DESKTOP = """\
{
  "globalShortcut": "Ctrl+Space",
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/Users/ada/Desktop"]
    },
    "github": {
      "command": "docker",
      "args": ["run", "-i", "--rm", "ghcr.io/github/github-mcp-server"],
      "env": { "GITHUB_PERSONAL_ACCESS_TOKEN": "ghp_canary" }
    }
  },
  "scale": 0,
  "preferences": { "menuBarEnabled": false }
}
"""

# Claude Code writes this file itself, all the time, and keeps much more in it than servers.
CLAUDE_CODE = """\
{
  "firstStartTime": "2026-11-22T14:03:55.871Z",
  "numStartups": 412,
  "tipsHistory": {
    "new-user-warmup": 4,
    "memory-command": 391
  },
  "projects": {
    "/home/ada/café": {
      "allowedTools": [],
      "mcpServers": {
        "local-only": {
          "type": "stdio",
          "command": "/usr/bin/local",
          "args": [],
          "env": {}
        }
      },
      "history": [
        {
          "display": "what does \\"main\\" do? \\u2014 { not json",
          "pastedContents": {}
        }
      ]
    }
  },
  "oauthAccount": {
    "accountUuid": "0c6d"
  },
  "mcpServers": {
    "linear": {
      "type": "http",
      "url": "https://mcp.linear.app/mcp"
    }
  }
}"""

CURSOR = """\
{
    "mcpServers": {
        "postgres": {
            "command": "npx",
            "args": ["-y", "@modelcontextprotocol/server-postgres", "postgresql://localhost/mydb"],
            "env": {"PGPASSWORD": "${env:PGPASSWORD}"}
        }
    }
}
"""

VSCODE = """\
{
\t// Keys are asked for once and kept by VS Code.
\t"inputs": [
\t\t{
\t\t\t"type": "promptString",
\t\t\t"id": "perplexity-key",
\t\t\t"description": "Perplexity API Key",
\t\t\t"password": true,
\t\t},
\t],
\t"servers": {
\t\t/* started by hand */
\t\t"Perplexity": {
\t\t\t"type": "stdio",
\t\t\t"command": "npx",
\t\t\t"args": ["-y", "server-perplexity-ask"],
\t\t\t"env": { "PERPLEXITY_API_KEY": "${input:perplexity-key}" },
\t\t},
\t\t"fetch": { "type": "stdio", "command": "uvx", "args": ["mcp-server-fetch"] }, // last one
\t},
}
"""

KIMI_CODE = """\
{
  "mcpServers": {
    "context7": {
      "url": "https://mcp.context7.com/mcp",
      "headers": {
        "CONTEXT7_API_KEY": "canary"
      }
    },
    "chrome-devtools": {
      "command": "npx",
      "args": ["-y", "chrome-devtools-mcp@latest"],
      "startupTimeoutMs": 60000
    }
  }
}
"""

CODEX = """\
# Ada's settings
model = "gpt-5.2-codex"   # the good one
model_reasoning_effort = "high"
notify = [
  "notify-send",  # desktop
  "Codex",
]

[mcp_servers.context7]
command = "npx"
args = ["-y", "@upstash/context7-mcp"]

[mcp_servers.context7.env]
CONTEXT7_API_KEY = "canary"

[projects."/home/ada/work"]
trust_level = "trusted"

[mcp_servers.docs]
url = "https://developers.openai.com/mcp"

[tui]
notifications = true
"""

OPENCODE = """\
{
  "$schema": "https://opencode.ai/config.json",
  // "model": "anthropic/claude-sonnet-4-5",
  "autoupdate": false,
  "provider": {
    "moonshot": { "options": { "apiKey": "{env:MOONSHOT_API_KEY}" } }
  },
  "mcp": {
    "everything": {
      "type": "local",
      "command": ["npx", "-y", "@modelcontextprotocol/server-everything"],
      "enabled": false
    }
  }
}
"""

GEMINI_CLI = """\
{
  "general": { "vimMode": true },
  "security": {
    "auth": { "selectedType": "gemini-api-key" } // not OAuth
  },
  "mcpServers": {
    "github": {
      "httpUrl": "https://api.githubcopilot.com/mcp/",
      "headers": { "Authorization": "Bearer $GITHUB_MCP_PAT" },
      "timeout": 5000
    }
  }
}
"""

OF_HOST = {
    "claude-desktop": CLAUDE_DESKTOP,
    "claude-code": CLAUDE_CODE,
    "cursor": CURSOR,
    "vscode": VSCODE,
    "kimi-code": KIMI_CODE,
    "codex": CODEX,
    "opencode": OPENCODE,
    "gemini-cli": GEMINI_CLI,
}
"""One file for each host."""
