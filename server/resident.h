// What of a process lies in memory.
#pragma once

/// Gives back the pages of code that this process has used so far: what goes on being used comes again from the page
/// cache, what only the start needed does not. Heap that nobody uses goes, too. From any thread; nothing stops
/// meanwhile.
void let_go_of_the_start();
