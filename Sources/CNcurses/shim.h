#ifndef TERMTALK_CNCURSES_H
#define TERMTALK_CNCURSES_H
/* First, because pkg-config asks for _XOPEN_SOURCE and would otherwise clash with Glibc's fd_set. */
#include <features.h>
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* Declared by <wchar.h> only under _XOPEN_SOURCE. */
extern int wcwidth(wchar_t);

/* Columns of a character in the locale of the process; -1 for one without any. */
static inline int screen_width_of(unsigned scalar) { return wcwidth((wchar_t)scalar); }

/* Of <term.h>, whose macros would hide ordinary words. */
extern char *tigetstr(const char *);
extern int tigetnum(const char *);
extern int setupterm(const char *, int, int *);

/* Declared by <sys/mman.h> only under _GNU_SOURCE. */
extern int memfd_create(const char *, unsigned);

/* Colours of a terminal type, 0 for none; -1 when the type is not known or cannot move its cursor. */
static inline int screen_colors_of(const char *type) {
    int result = 0;
    if (setupterm(type, STDOUT_FILENO, &result) != OK || tigetstr("cup") == NULL || tigetstr("el") == NULL) return -1;
    int colors = tigetnum("colors");
    return colors > 0 ? colors : 0;
}

/* What Swift does not see: variables, and macros of some kinds. */
static inline int screen_colors(void) { return COLORS; }
static inline WINDOW *screen_window(void) { return stdscr; }
static inline attr_t screen_bold(void) { return A_BOLD; }
static inline attr_t screen_reverse(void) { return A_REVERSE; }

/* Sets attributes and a colour pair of any number. */
static inline int screen_set_style(attr_t attributes, int pair) {
    return attr_set(attributes, 0, &pair);
}

/* How a crash leaves the terminal. All of it is async-signal-safe: the texts are made when the screen opens. */
static struct {
    volatile sig_atomic_t is_open;
    /* Whether the terminal shows something else than the screen. */
    volatile sig_atomic_t is_suspended;
    /* As found, and as the screen needs them. */
    struct termios modes;
    struct termios screen_modes;
    /* Where a crash writes to: while the screen is drawn, stdout is memory. */
    int terminal;
    int memory;
    char reset[256];
    size_t reset_length;
    int log_read_end;
    int real_stderr;
    char stack[65536];
} screen_state = {.terminal = STDOUT_FILENO, .memory = -1, .log_read_end = -1, .real_stderr = -1};

static inline void screen_append_reset(const char *text) {
    if (text == NULL || text == (char *)-1) return;
    size_t length = strlen(text);
    if (screen_state.reset_length + length > sizeof screen_state.reset) return;
    memcpy(screen_state.reset + screen_state.reset_length, text, length);
    screen_state.reset_length += length;
}

static void screen_crashed(int number) {
    if (screen_state.is_open) {
        screen_state.is_open = 0;
        ssize_t ignored = 0;
        if (!screen_state.is_suspended) {
            ignored = write(screen_state.terminal, screen_state.reset, screen_state.reset_length);
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &screen_state.modes);
        if (screen_state.log_read_end >= 0 && screen_state.real_stderr >= 0) {
            char buffer[1024];
            ssize_t count;
            while ((count = read(screen_state.log_read_end, buffer, sizeof buffer)) > 0) {
                ignored = write(screen_state.real_stderr, buffer, (size_t)count);
            }
        }
        (void)ignored;
    }
    /* SA_RESETHAND has put the default back: this time it ends the process, by the same signal. */
    raise(number);
}

/* Whatever crashes, the terminal gets its modes back. */
static inline void screen_install_handlers(void) {
    stack_t stack = {.ss_sp = screen_state.stack, .ss_size = sizeof screen_state.stack};
    sigaltstack(&stack, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = screen_crashed;
    action.sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGQUIT, SIGUSR1, SIGUSR2,
        SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSTKFLT};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

/* Lets the program show what is typed; 0 when stdin is no terminal. Signals come as before. */
static inline int line_open(void) {
    if (tcgetattr(STDIN_FILENO, &screen_state.modes) != 0) return 0;
    struct termios modes = screen_state.modes;
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    screen_state.screen_modes = modes;
    screen_state.reset_length = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    screen_install_handlers();
    screen_state.is_open = 1;
    return 1;
}

static inline void line_continue(void) { tcsetattr(STDIN_FILENO, TCSANOW, &screen_state.screen_modes); }

static inline void line_close(void) {
    screen_state.is_open = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &screen_state.modes);
}

/* Bytes that were typed and not yet read. */
static inline int screen_waiting(void) {
    int count = 0;
    return ioctl(STDIN_FILENO, FIONREAD, &count) == 0 ? count : 0;
}

/* Opens the screen on stdin and stdout, with `terminal` as another way to the terminal of stdout; 0 when the terminal's type is not known or cannot do what is needed. */
static inline int screen_open(int terminal) {
    if (tcgetattr(STDIN_FILENO, &screen_state.modes) != 0) return 0;
    use_tioctl(TRUE);
    if (newterm(NULL, stdout, stdin) == NULL) return 0;
    if (tigetstr("cup") == NULL || tigetstr("el") == NULL || LINES < 1 || COLS < 1) {
        endwin();
        return 0;
    }
    cbreak();
    noecho();
    nonl();
    typeahead(-1);
    leaveok(stdscr, FALSE);
    idlok(stdscr, TRUE);
    struct termios modes;
    if (tcgetattr(STDIN_FILENO, &modes) == 0) {
        /* ^S must not hold up the program's loop, ^V and ^Y are keys. */
        modes.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
        modes.c_lflag &= ~(tcflag_t)IEXTEN;
        tcsetattr(STDIN_FILENO, TCSANOW, &modes);
        def_prog_mode();
        screen_state.screen_modes = modes;
    }
    screen_state.terminal = terminal;
    screen_state.memory = memfd_create("screen", 1 /* MFD_CLOEXEC */);
    screen_state.reset_length = 0;
    screen_append_reset("\033[?2004l\033[?1006l\033[?1000l");
    screen_append_reset(tigetstr("sgr0"));
    screen_append_reset(tigetstr("rmcup"));
    screen_append_reset(tigetstr("cnorm"));

    screen_install_handlers();
    screen_state.is_open = 1;
    return 1;
}

/* What is drawn between these two goes into memory, and from there to the terminal as fast as that takes it. */
static inline int screen_begin_drawing(void) {
    if (screen_state.memory < 0) return -1;
    int real = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (real >= 0) dup2(screen_state.memory, STDOUT_FILENO);
    return real;
}

/* Returns how many bytes were drawn. */
static inline off_t screen_end_drawing(int real) {
    if (real < 0) return 0;
    dup2(real, STDOUT_FILENO);
    close(real);
    return lseek(screen_state.memory, 0, SEEK_CUR);
}

/* Takes so many bytes of what was drawn. */
static inline ssize_t screen_take_drawn(void *bytes, size_t count) {
    ssize_t taken = pread(screen_state.memory, bytes, count, 0);
    if (ftruncate(screen_state.memory, 0) == 0) lseek(screen_state.memory, 0, SEEK_SET);
    return taken;
}

/* endwin() a second time would restore a place of the cursor that is long past. */
static inline void screen_end(void) {
    if (!isendwin()) endwin();
}

/* The modes of the terminal; ncurses, which draws into memory, cannot set them. Does not wait for the terminal. Returns how many bytes wait that were typed in other modes, where Enter is a line feed. */
static inline int screen_use_modes(int of_screen) {
    struct termios before;
    int was_line = tcgetattr(STDIN_FILENO, &before) == 0 && (before.c_iflag & ICRNL) != 0;
    screen_state.is_suspended = !of_screen;
    tcsetattr(STDIN_FILENO, TCSANOW, of_screen ? &screen_state.screen_modes : &screen_state.modes);
    return of_screen && was_line ? screen_waiting() : 0;
}

/* After screen_end(). */
static inline void screen_closed(void) {
    screen_state.is_open = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &screen_state.modes);
    if (screen_state.memory >= 0) close(screen_state.memory);
    screen_state.memory = -1;
    screen_state.terminal = STDOUT_FILENO;
}

/* Stops the process as ^Z does where nobody catches it; returns when it goes on, or at once where there is no shell. */
static inline void screen_stop_process(void) {
    struct sigaction standard, before;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &standard, &before);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
}

/* The size that terminfo or the environment says; for terminals that do not know their own. */
static inline unsigned screen_size_assumed(void) { return (unsigned)LINES << 16 | (unsigned)COLS; }

/* Sends what is written to stderr into a pipe; returns its other end, or -1. */
static inline int screen_take_stderr(void) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, fcntl(ends[i], F_GETFL) | O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    screen_state.real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    screen_state.log_read_end = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

/* The opposite; what is left in the pipe is lost, so read it first. */
static inline void screen_give_stderr_back(void) {
    if (screen_state.real_stderr < 0) return;
    dup2(screen_state.real_stderr, STDERR_FILENO);
    close(screen_state.real_stderr);
    close(screen_state.log_read_end);
    screen_state.real_stderr = -1;
    screen_state.log_read_end = -1;
}

/* Columns in the low 16 bits, rows above; 0 when it is not known. */
static inline unsigned screen_size(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return (unsigned)size.ws_row << 16 | size.ws_col;
}
#endif
